"""`/v1/models`: which detectors have run here, and which one is live."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag

from api.authentication import require_holder
from api.render_check import render_model
from api.schemas import ModelsBody
from api.services import services
from scans.models import list_models as list_model_rows

routes = APIBlueprint("models", __name__, abp_tags=[Tag(name="models")])


@routes.get(
    "/v1/models",
    operation_id="listModels",
    summary="List the detectors that have run here",
    responses={200: ModelsBody},
)
def list_models() -> dict[str, Any]:
    """The newest first."""
    require_holder()
    with services().sessions.begin() as session:
        models = [render_model(model) for model in list_model_rows(session)]
    return ModelsBody(models=models).model_dump(mode="json")
