"""`/v1/checks/{id}/similar`: images that look like a check's, for a person to compare."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag

from api.authentication import require_holder
from api.problems import CheckNotFound
from api.render_check import render_candidate
from api.schemas import CheckPath, SimilarImagesBody
from api.services import services
from scans.checks import find_check
from scans.similar import find_similar

routes = APIBlueprint("similar", __name__, abp_tags=[Tag(name="checks")])


@routes.get(
    "/v1/checks/<uuid:check_id>/similar",
    operation_id="listSimilarImages",
    summary="List your images that look like a check's",
    description="The nearest five of your tenant's images, by the perceptual hash PDQ. Candidates "
    "for a person to compare: a part of a picture may have been exchanged, so nothing is decided "
    "by them. Empty while the image is not decoded, and where too little is in it.",
    responses={200: SimilarImagesBody},
)
def list_similar_images(path: CheckPath) -> dict[str, Any]:
    """The candidates for a check of the caller's own tenant."""
    holder = require_holder()
    with services().sessions.begin() as session:
        check = find_check(session, holder.tenant_id, path.check_id)
        if check is None:
            raise CheckNotFound("There is no check with this id among yours.")
        known = check.image_sha256
        found = find_similar(session, holder.tenant_id, known) if known else []
    body = SimilarImagesBody(similar=[render_candidate(candidate) for candidate in found])
    return body.model_dump(mode="json")
