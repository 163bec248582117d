"""The OpenAPI file: from the code, with what flask-openapi3 cannot say by itself filled in."""

from typing import Any

from flask_openapi3 import Info, OpenAPI
from flask_openapi3.models import MediaType, Schema

from api.idempotency import HEADER, MAX_KEY_CHARACTERS, SHOWN_ONCE_PATHS
from api.problems import MEDIA_TYPE
from api.schemas import CheckRequest, ProblemBody, UploadFields

INFO = Info(
    title="Natural Trace Forensics",
    version="1",
    description="Tells AI-made images from photographs. Verdicts advise; a person decides. Fields "
    "may be added, never renamed. Errors are problem documents (RFC 9457) with a stable `code`.",
)
SECURITY_SCHEMES: dict[str, Any] = {"key": {"type": "http", "scheme": "bearer"}}
# Codes that any call under /v1 may answer with.
COMMON_PROBLEMS = {"401": "No key in force", "422": "The request is not valid", "503": "Try later"}
COMMON_PROBLEMS |= {"403": "The key does not open this", "429": "Too many requests"}

CONFLICTING = {"createWebhook", "testWebhook", "replayDelivery"}
CONFLICTING |= {"changeWebhook", "rotateWebhook", "createCoopTarget", "takeCoopAction"}
CONFLICTING |= {"createConnection", "replayErrand"}


def complete_openapi(app: OpenAPI) -> dict[str, Any]:
    """The finished document.

    Adds the two bodies of `POST /v1/checks`, the problem documents and the security of each call.
    """
    document: dict[str, Any] = app.api_doc
    document["security"] = [{"key": []}]
    document["components"]["schemas"]["ProblemBody"] = ProblemBody.model_json_schema(
        ref_template="#/components/schemas/{model}"
    )
    move_definitions(document["components"]["schemas"])
    for path, item in document["paths"].items():
        for method, operation in item.items():
            add_problems(operation, has_path_id="{" in path)
            if method == "post" and path not in SHOWN_ONCE_PATHS:
                add_idempotency_key(operation)
    return document


def describe_check_bodies(app: OpenAPI) -> None:
    """Say what JSON and what form `POST /v1/checks` takes."""
    upload = UploadFields.model_json_schema()
    upload["properties"]["image"] = {"type": "string", "format": "binary"}
    upload["required"] = ["image"]
    body = app.paths["/v1/checks"].post.requestBody
    body.required = True
    body.content = {
        "application/json": MediaType(schema=Schema(**CheckRequest.model_json_schema())),
        "multipart/form-data": MediaType(schema=Schema(**upload)),
    }


def move_definitions(schemas: dict[str, Any]) -> None:
    """Put each `$defs` beside the others, where the references look for them."""
    for schema in list(schemas.values()):
        schemas.update(schema.pop("$defs", {}))


def add_problems(operation: dict[str, Any], *, has_path_id: bool) -> None:
    """List the errors of a call, each as a problem document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    wanted = dict(COMMON_PROBLEMS)
    if has_path_id or operation["operationId"] in {"findVerdict", "createKey", "takeCoopAction"}:
        wanted["404"] = "Not among yours"
    if operation["operationId"] == "eraseImage":
        wanted["409"] = "The image is being checked"
    if "requestBody" in operation:
        wanted |= {"400": "The body cannot be read", "413": "The image is too large"}
        wanted |= {"415": "This kind of body is unknown"}
    if operation["operationId"] in CONFLICTING:
        wanted["409"] = "Not in the state that it is in"
    if operation["operationId"] == "claimNextReview":
        wanted["404"] = "Nothing waits"
    for status, description in wanted.items():
        operation["responses"][status] = {"description": description, "content": content}


def add_idempotency_key(operation: dict[str, Any]) -> None:
    """Say that the call can be repeated without being carried out again."""
    parameters = operation.setdefault("parameters", [])
    if any(parameter["name"] == HEADER for parameter in parameters):
        return  # the document is kept by the app and completed each time that it is asked for
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARACTERS}
    parameters.append(
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "the same key and request again within 24 hours get the same answer; "
            "another request with the key gets 409",
            "schema": schema | {"pattern": "^[0-9A-Za-z_.:-]+$"},
        }
    )
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    conflict = "Things do not stand that way, or the key came with another request"
    operation["responses"].setdefault("409", {"description": conflict, "content": content})
