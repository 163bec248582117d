"""Callers of the API with keys of their own, and images on their way through the worker."""

import io
from types import ModuleType
from typing import Any

from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from scans.keys import create_key, create_tenant_with_person


def make_caller(
    app: OpenAPI,
    sessions: sessionmaker[Session],
    *,
    tenant: str = "tenant one",
    person: str = "someone",
    role: str = "reader",
) -> FlaskClient:
    """A client with the key of a new person of this tenant."""
    with sessions.begin() as session:
        key = create_key(
            session, create_tenant_with_person(session, tenant, person), name="test", role=role
        )
    caller = app.test_client()
    caller.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return caller


def fill_sign_in(browser: FlaskClient, key: str, **more: Any) -> TestResponse:
    """Send the form of the page that asks for a key, as that page has it."""
    browser.get("/")
    with browser.session_transaction() as session:
        token = session["csrf_token"]
    return browser.post("/session", data={"key": key, "csrf_token": token}, **more)


def judge(client: FlaskClient, tasks: ModuleType, content: bytes) -> dict[str, Any]:
    """The check of these bytes, with its verdict."""
    asked = client.post("/v1/checks", data={"image": (io.BytesIO(content), "a")}).json
    while tasks.fetch() or tasks.detect():
        pass
    check: dict[str, Any] = client.get(f"/v1/checks/{asked['id']}").json
    assert check["verdict"], check["error"]
    return check
