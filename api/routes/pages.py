"""The pages that a person sees: the check page, the docs, the model card."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template
from flask_openapi3 import OpenAPI

from api.authentication import csrf_token, signed_in_holder
from api.openapi import complete_openapi
from api.problems import PictureNotFound
from api.services import services

routes = Blueprint("pages", __name__)

MODEL_CARD = Path(__file__).resolve().parents[2] / "docs" / "model-card.md"
# Redoc sets styles from its script; everything still comes from here.
DOCS_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "worker-src blob:; frame-ancestors 'none'"
)


@routes.get("/")
def show_check_page() -> str:
    """The page to check an image on; a form for the key before that."""
    if signed_in_holder() is None:
        return render_template("sign_in.html", problem=None, csrf_token=csrf_token())
    max_mebibytes = services().settings.max_image_bytes // 2**20
    return render_template("check.html", max_mebibytes=max_mebibytes)


@routes.get("/docs")
def show_docs() -> Response:
    """The API, to read."""
    response = make_response(render_template("docs.html"))
    response.headers["Content-Security-Policy"] = DOCS_POLICY
    return response


@routes.get("/openapi.json")
def show_openapi() -> dict[str, Any]:
    """The API, for machines (OpenAPI 3.1)."""
    assert isinstance(current_app, OpenAPI)
    return complete_openapi(current_app)


@routes.get("/model-card")
def show_model_card() -> Response:
    """What the detector was trained on, what it can do, and what it cannot."""
    if not MODEL_CARD.is_file():
        raise PictureNotFound("This installation came without docs/model-card.md.")
    return Response(MODEL_CARD.read_text(), content_type="text/markdown; charset=utf-8")
