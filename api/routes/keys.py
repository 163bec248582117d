"""`/v1/keys`: the keys of the caller's tenant, for its admins."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag

from api.authentication import actor, require_holder
from api.people_schemas import KeyBody, KeyPath, KeyRequest, KeysBody, NewKeyBody, RotationRequest
from api.services import services
from scans.keys import (
    create_key,
    find_key,
    list_keys,
    recognise_key,
    revoke_key_id,
    rotate_key,
)
from scans.people import find_person
from scans.roles import Right
from scans.tables import ApiKey, Person

routes = APIBlueprint("keys", __name__, abp_tags=[Tag(name="keys")])


@routes.get(
    "/v1/keys",
    operation_id="listKeys",
    summary="List the keys of your tenant that are in force",
    responses={200: KeysBody},
)
def show_keys() -> dict[str, Any]:
    """The newest first."""
    holder = require_holder(Right.MANAGE)
    with services().sessions.begin() as rows:
        bodies = [render_key(key, person) for key, person in list_keys(rows, holder.tenant_id)]
    return KeysBody(keys=bodies).model_dump(mode="json")


@routes.post(
    "/v1/keys",
    operation_id="createKey",
    summary="Make a key; the answer shows it once",
    responses={201: NewKeyBody},
)
def make_key(body: KeyRequest) -> tuple[dict[str, Any], int]:
    """For the caller, or for another person of the tenant."""
    holder = require_holder(Right.MANAGE)
    with services().sessions.begin() as rows:
        person = find_person(rows, holder.tenant_id, body.person_id or holder.person_id)
        secret = create_key(rows, person, name=body.name, role=body.role, by=actor(holder))
        key_id = recognise_key(rows, secret).key_id
        key = render_key(*find_key(rows, holder.tenant_id, key_id))
    return NewKeyBody(**key.model_dump(), key=secret).model_dump(mode="json"), 201


@routes.delete(
    "/v1/keys/<uuid:key_id>",
    operation_id="revokeKey",
    summary="Put a key out of force at once",
    responses={204: None},
)
def revoke(path: KeyPath) -> tuple[str, int]:
    """Sessions of pages that it opened end with it."""
    holder = require_holder(Right.MANAGE)
    with services().sessions.begin() as rows:
        revoke_key_id(rows, holder.tenant_id, path.key_id, actor(holder))
    return "", 204


@routes.post(
    "/v1/keys/<uuid:key_id>/rotate",
    operation_id="rotateKey",
    summary="Make a key like this one; the old one ends after an overlap",
    responses={201: NewKeyBody},
)
def rotate(path: KeyPath, body: RotationRequest) -> tuple[dict[str, Any], int]:
    """The answer shows the new key once."""
    holder = require_holder(Right.MANAGE)
    with services().sessions.begin() as rows:
        secret = rotate_key(
            rows,
            holder.tenant_id,
            path.key_id,
            actor(holder),
            overlap_hours=body.overlap_hours,
        )
        key_id = recognise_key(rows, secret).key_id
        key = render_key(*find_key(rows, holder.tenant_id, key_id))
    return NewKeyBody(**key.model_dump(), key=secret).model_dump(mode="json"), 201


def render_key(key: ApiKey, person: Person) -> KeyBody:
    """A key without its secret, which nobody has."""
    return KeyBody(
        id=key.id,
        name=key.name,
        role=key.role,
        person_id=person.id,
        person=person.name,
        created_at=key.created_at,
        expires_at=key.expires_at,
    )
