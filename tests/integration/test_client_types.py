"""The generated parts of the typed clients know every call and every field that the API has now.

That they are the generators' very output is compared in `make test-integrations`.
"""

import runpy
from pathlib import Path
from typing import Any

import pytest
from flask_openapi3 import OpenAPI

from api.openapi import complete_openapi

INTEGRATIONS = Path(__file__).resolve().parents[2] / "integrations"
STALE = "run `make clients`"


@pytest.fixture
def document(app: OpenAPI) -> dict[str, Any]:
    with app.app_context():
        return complete_openapi(app)


def test_python_models_have_the_fields_of_the_api(document: dict[str, Any]) -> None:
    models = runpy.run_path(str(INTEGRATIONS / "python_client" / "ntf_client" / "models.py"))
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema:
            assert set(models[name].__annotations__) == set(schema["properties"]), STALE


def test_typescript_types_have_the_calls_and_bodies_of_the_api(document: dict[str, Any]) -> None:
    types = (INTEGRATIONS / "typescript_client" / "schema.d.ts").read_text()
    for path, item in document["paths"].items():
        assert f'"{path}": {{' in types, STALE
        for operation in item.values():
            assert f"    {operation['operationId']}: {{" in types, STALE
    for name in document["components"]["schemas"]:
        assert f"        {name}: " in types, STALE
