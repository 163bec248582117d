"""`/v1/verdicts`: a known image's verdict by its hash, without an upload."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag

from api.authentication import require_holder
from api.problems import VerdictNotFound
from api.render_check import render_own_check
from api.schemas import CheckBody, VerdictQuery
from api.services import services
from scans.checks import find_verdict_of_image

routes = APIBlueprint("verdicts", __name__, abp_tags=[Tag(name="verdicts")])


@routes.get(
    "/v1/verdicts",
    operation_id="findVerdict",
    summary="Find a known image's verdict by the hash of its bytes",
    description="Answers only for images that your tenant sent itself, by the live model.",
    responses={200: CheckBody},
)
def find_verdict(query: VerdictQuery) -> dict[str, Any]:
    """The newest check of these bytes that has a verdict."""
    holder = require_holder()
    with services().sessions.begin() as session:
        check = find_verdict_of_image(session, holder.tenant_id, query.sha256)
    if check is None:
        raise VerdictNotFound("Send the image to POST /v1/checks; it is not known here yet.")
    return render_own_check(check).model_dump(mode="json")
