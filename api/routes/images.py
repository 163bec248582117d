"""`/v1/images`: remove one for good."""

from datetime import UTC, datetime
from typing import Any

from flask_openapi3 import APIBlueprint, Tag

from api.authentication import actor, require_holder
from api.people_schemas import ErasureBody, ImagePath
from api.services import services
from scans.erasure import erase_image
from scans.roles import Right

routes = APIBlueprint("images", __name__, abp_tags=[Tag(name="images")])


@routes.delete(
    "/v1/images/<sha256>",
    operation_id="eraseImage",
    summary="Remove an image of your tenant for good",
    description="Its checks lose address, image and verdict and are 404 from then on. Its bytes, "
    "heatmaps and pixels are removed, unless another tenant sent the same bytes.",
    responses={200: ErasureBody},
)
def erase(path: ImagePath) -> dict[str, Any]:
    """The answer is the proof; the audit log keeps it, with the files that went."""
    holder = require_holder(Right.ERASE)
    with services().sessions.begin() as rows:
        proof = erase_image(rows, services().store, holder.tenant_id, path.sha256, actor(holder))
    return ErasureBody(
        sha256=proof.sha256,
        checks_erased=proof.checks_erased,
        erased_at=datetime.now(UTC),
    ).model_dump(mode="json")
