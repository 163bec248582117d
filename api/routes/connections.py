"""`/v1/connections`: other systems that send us pictures, or are told of verdicts."""

from typing import Any

from flask import Response, make_response
from flask_openapi3 import APIBlueprint, Tag

from api.authentication import actor, require_holder
from api.connection_schemas import (
    ConnectionPath,
    ConnectionRequest,
    ConnectionsBody,
    ConnectionWithSecretBody,
    ErrandBody,
    ErrandPath,
    ErrandsBody,
    ErrandsQuery,
)
from api.render_connection import read_wanted, receiver_path, render_connection, render_errand
from api.services import services
from scans import connections, errands
from scans.roles import Right

routes = APIBlueprint("connections", __name__, abp_tags=[Tag(name="connections")])


@routes.get(
    "/v1/connections",
    operation_id="listConnections",
    summary="List your connections to other systems",
    responses={200: ConnectionsBody},
)
def list_connections() -> dict[str, Any]:
    """The oldest first."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as rows:
        found = connections.list_connections(rows, holder.tenant_id)
    shown = ConnectionsBody(connections=[render_connection(one) for one in found])
    return shown.model_dump(mode="json")


@routes.post(
    "/v1/connections",
    operation_id="createConnection",
    summary="Connect another system",
    description="The secret that the other system is to send is shown in this answer alone.",
    responses={201: ConnectionWithSecretBody},
)
def create_connection(body: ConnectionRequest) -> Response:
    """A new connection of the caller's tenant."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as rows:
        connection, secret = connections.create_connection(
            rows, holder.tenant_id, read_wanted(body), services().secret_box, actor(holder)
        )
        shown = ConnectionWithSecretBody(
            **render_connection(connection).model_dump(),
            secret=secret,
            receives_at=receiver_path(connection),
        )
    return make_response(shown.model_dump(mode="json"), 201)


@routes.delete(
    "/v1/connections/<uuid:connection_id>",
    operation_id="removeConnection",
    summary="Remove a connection and its errands",
    responses={204: None},
)
def remove_connection(path: ConnectionPath) -> Response:
    """What waits for it is not done; its checks stay."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as rows:
        connections.remove_connection(rows, holder.tenant_id, path.connection_id, actor(holder))
    return Response(status=204)


@routes.get(
    "/v1/connections/<uuid:connection_id>/errands",
    operation_id="listErrands",
    summary="List what a connection asked for, and what became of it",
    responses={200: ErrandsBody},
)
def list_errands(path: ConnectionPath, query: ErrandsQuery) -> dict[str, Any]:
    """The newest first, a page at a time."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as rows:
        connection = connections.get_connection(rows, holder.tenant_id, path.connection_id)
        found = errands.list_errands(
            rows,
            connection.id,
            only_dead=query.dead,
            after=query.cursor,
            limit=query.limit + 1,
        )
        page = [render_errand(one) for one in found[: query.limit]]
    has_more = len(found) > query.limit
    shown = ErrandsBody(errands=page, next_cursor=page[-1].id if has_more else None)
    return shown.model_dump(mode="json")


@routes.post(
    "/v1/connections/errands/<uuid:errand_id>/replay",
    operation_id="replayErrand",
    summary="Run once more what was given up",
    responses={202: ErrandBody},
)
def replay_errand(path: ErrandPath) -> Response:
    """With all its attempts."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as rows:
        shown = render_errand(errands.replay_errand(rows, path.errand_id, holder.tenant_id))
    services().waker.wake("deliver")
    return make_response(shown.model_dump(mode="json"), 202)
