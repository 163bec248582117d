"""What all pages of the site share: the sign-in form, and the links at the top."""

import re

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy.orm import Session, sessionmaker

from tests.integration.test_attackers_walk import key_of, make_client, sign_in

Sessions = sessionmaker[Session]


@pytest.mark.parametrize("path", ["/", "/reviews", "/models", "/policies"])
def test_every_page_lets_one_sign_in(app: OpenAPI, secret: str, path: str) -> None:
    """Two pages showed the form without the session's token, and so refused every key."""
    browser = app.test_client()
    page = browser.get(path).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    form = {"key": secret, "csrf_token": token[1]}
    assert browser.post("/session", data=form).status_code == 303


@pytest.mark.parametrize(
    ("role", "links"),
    [
        ("reader", []),
        ("moderator", ["Reviews", "Models"]),
        ("admin", ["Reviews", "Models", "Policies", "People and keys"]),
    ],
)
def test_each_page_links_to_those_that_the_role_opens(
    app: OpenAPI, sessions: Sessions, role: str, links: list[str]
) -> None:
    browser = sign_in(app, key_of(make_client(app, sessions, role=role)))
    paths = ["/", *["/reviews", "/models", "/policies", "/admin"][: len(links)]]
    for path in paths:
        page = browser.get(path).get_data(as_text=True)
        nav = page[page.index('<nav aria-label="Site">') : page.index("</nav>")]
        assert re.findall(r">([^<>\n]+)</a>", nav)[2:] == links, path
        assert nav.count('aria-current="page"') == (path != "/")
