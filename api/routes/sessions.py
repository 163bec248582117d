"""Signing in to the pages with a key, and out again."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.authentication import (
    csrf_token,
    refuse_foreign_origin,
    refuse_forged_form,
    sign_in,
    sign_out,
)
from api.problems import FormForged, NotSignedIn

routes = Blueprint("sessions", __name__)


@routes.post("/session")
def open_session() -> Response | tuple[str, int]:
    """Exchange a key for a session cookie of this site."""
    refuse_foreign_origin()
    try:
        # Nobody is to work, without knowing it, under a key that another site slipped in.
        refuse_forged_form()
        sign_in(request.form.get("key", "").strip())
    except (NotSignedIn, FormForged) as error:
        page = render_template("sign_in.html", problem=str(error), csrf_token=csrf_token())
        return page, error.status
    return redirect(url_for("pages.show_check_page"), 303)


@routes.post("/session/end")
def close_session() -> Response:
    """End the session."""
    refuse_foreign_origin()
    sign_out()
    return redirect(url_for("pages.show_check_page"), 303)
