"""The admin page: people, keys and invitations of one tenant, behind a session and CSRF tokens."""

from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.authentication import actor, csrf_token, refuse_forged_form, require_holder
from api.problems import RequestInvalid
from api.routes.invitations import link_to
from api.services import services
from scans.audit_log import list_entries
from scans.invitations import invite, list_invitations, revoke_invitation
from scans.keys import KeyHolder, create_key, list_keys, revoke_key_id, rotate_key
from scans.people import create_person, disable_person, find_person, list_people
from scans.roles import RIGHTS_OF_ROLES, Right

routes = Blueprint("administration", __name__, url_prefix="/admin")
MAX_NAME_CHARACTERS = 100
LINES_SHOWN = 30


@routes.get("")
def show() -> Response:
    """Everything of the tenant on one page."""
    return render(require_holder(Right.MANAGE))


@routes.post("/people")
def add_person() -> Response:
    """Make a person."""
    holder = require_admin_form()
    with services().sessions.begin() as rows:
        create_person(rows, holder.tenant_id, read_name("name"), actor(holder))
    return back()


@routes.post("/people/<uuid:person_id>/disable")
def shut_out(person_id: UUID) -> Response:
    """Disable a person and all their keys."""
    holder = require_admin_form()
    with services().sessions.begin() as rows:
        disable_person(rows, holder.tenant_id, person_id, actor(holder))
    return back()


@routes.post("/keys")
def add_key() -> Response:
    """Make a key and show it once."""
    holder = require_admin_form()
    role = request.form.get("role", "")
    if role not in RIGHTS_OF_ROLES:
        raise RequestInvalid("Choose a role.")
    with services().sessions.begin() as rows:
        person = find_person(rows, holder.tenant_id, read_id("person"))
        key = create_key(rows, person, name=read_name("name"), role=role, by=actor(holder))
    return render(holder, ("New key", key))


@routes.post("/keys/<uuid:key_id>/rotate")
def rotate(key_id: UUID) -> Response:
    """Make a key like this one and show it once."""
    holder = require_admin_form()
    with services().sessions.begin() as rows:
        key = rotate_key(rows, holder.tenant_id, key_id, actor(holder))
    return render(holder, ("New key; the old one opens for 24 hours more", key))


@routes.post("/keys/<uuid:key_id>/revoke")
def revoke(key_id: UUID) -> Response:
    """Put a key out of force at once."""
    holder = require_admin_form()
    with services().sessions.begin() as rows:
        revoke_key_id(rows, holder.tenant_id, key_id, actor(holder))
    return back()


@routes.post("/invitations")
def add_invitation() -> Response:
    """Make an invitation and show its link once."""
    holder = require_admin_form()
    with services().sessions.begin() as rows:
        _, token = invite(rows, holder.tenant_id, read_name("name"), actor(holder))
    return render(holder, ("Invitation link", link_to(token)))


@routes.post("/invitations/<uuid:invitation_id>/revoke")
def close_invitation(invitation_id: UUID) -> Response:
    """Close a link."""
    holder = require_admin_form()
    with services().sessions.begin() as rows:
        revoke_invitation(rows, holder.tenant_id, invitation_id, actor(holder))
    return back()


def require_admin_form() -> KeyHolder:
    """The admin who sent a form of this page.

    Raises:
        NotSignedIn, ForeignOrigin, RoleInsufficient, TooManyRequests: see `require_holder`.
        FormForged: the form does not come from a page of this session.
    """
    holder = require_holder(Right.MANAGE)
    refuse_forged_form()
    return holder


def render(holder: KeyHolder, shown_once: tuple[str, str] | None = None) -> Response:
    """The page, perhaps with a secret on top; nobody keeps a copy of it."""
    with services().sessions.begin() as rows:
        page = render_template(
            "admin.html",
            people=list_people(rows, holder.tenant_id),
            keys=list_keys(rows, holder.tenant_id),
            invitations=list_invitations(rows, holder.tenant_id),
            entries=list_entries(rows, holder.tenant_id, LINES_SHOWN),
            roles=list(RIGHTS_OF_ROLES),
            own_key_id=holder.key_id,
            csrf_token=csrf_token(),
            shown_once=shown_once,
        )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def back() -> Response:
    """To the page, so that a reload repeats nothing."""
    return redirect(url_for("administration.show"), 303)


def read_name(field: str) -> str:
    """A name in a form.

    Raises:
        RequestInvalid: it is empty, too long, or holds control characters.
    """
    name = request.form.get(field, "").strip()
    if not name or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise RequestInvalid("Give a name of 1 to 100 characters.")
    return name


def read_id(field: str) -> UUID:
    """An id in a form.

    Raises:
        RequestInvalid: it is none.
    """
    try:
        return UUID(request.form.get(field, ""))
    except ValueError as error:
        raise RequestInvalid(f"Choose a {field}.") from error
