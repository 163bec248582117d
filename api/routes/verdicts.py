"""`/v1/verdicts`: a known image's verdict by its hash, without an upload."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag

from api.authentication import admit, recognise_caller
from api.problems import VerdictNotFound
from api.render_check import render_check, render_own_check
from api.schemas import CheckBody, VerdictQuery
from scans.known_verdicts import find_known_verdict
from scans.roles import Right

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
    known = recognise_caller(lambda rows, key: find_known_verdict(rows, key, query.sha256))
    admit(known.holder, Right.CHECK)
    if known.check is None:
        raise VerdictNotFound("Send the image to POST /v1/checks; it is not known here yet.")
    render = render_own_check if known.may_be_decided else render_check
    return render(known.check).model_dump(mode="json")
