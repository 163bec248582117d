"""For the operator: is it alive, is it ready, what is it doing."""

import structlog
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.metrics import write_metrics
from api.problems import problem
from api.services import services

routes = Blueprint("operations", __name__)
log = structlog.get_logger()


@routes.get("/healthz")
def tell_live() -> dict[str, str]:
    """The process answers. Says nothing of what it depends on, so that no restart is caused."""
    return {"status": "live"}


@routes.get("/readyz")
def tell_ready() -> Response | dict[str, str]:
    """The database answers, so checks can be taken. The broker need not be there for that."""
    try:
        with services().sessions.begin() as session:
            session.execute(text("SELECT 1 FROM checks LIMIT 1"))
    except SQLAlchemyError as error:
        log.warning("not_ready", reason=str(error))
        return problem(
            503,
            "not_ready",
            "The service is not ready",
            "The database does not answer, or `ntf migrate` has not been run.",
        )
    return {"status": "ready"}


@routes.get("/metrics")
def show_metrics() -> Response:
    """Prometheus text: this process's requests, and the rows' counts."""
    return Response(write_metrics(services().sessions), content_type=CONTENT_TYPE_LATEST)
