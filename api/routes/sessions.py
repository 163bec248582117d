"""Signing in to the pages with a key, and out again."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from api.authentication import refuse_foreign_origin, sign_in
from api.problems import NotSignedIn

routes = Blueprint("sessions", __name__)


@routes.post("/session")
def open_session() -> Response | tuple[str, int]:
    """Exchange a key for a session cookie of this site."""
    refuse_foreign_origin()
    try:
        sign_in(request.form.get("key", "").strip())
    except NotSignedIn as error:
        return render_template("sign_in.html", problem=str(error)), error.status
    return redirect(url_for("pages.show_check_page"), 303)


@routes.post("/session/end")
def close_session() -> Response:
    """Forget the session."""
    refuse_foreign_origin()
    session.clear()
    return redirect(url_for("pages.show_check_page"), 303)
