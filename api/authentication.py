"""Who is asking: a bearer key, or the session of a page of ours."""

import secrets
from urllib.parse import urlsplit
from uuid import UUID

from flask import request, session

from api.problems import ForeignOrigin, FormForged, NotSignedIn, RoleInsufficient
from api.services import services
from scans.errors import KeyUnknown
from scans.feedback import LABELLING_ROLES
from scans.keys import KeyHolder, recognise_key, recognise_key_id
from scans.reviews import Moderator

SESSION_KEY_ID = "key_id"
SESSION_CSRF = "csrf_token"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
HOW_TO = "Send the header `Authorization: Bearer YOUR_KEY`. `make run` prints the first key."


def require_holder() -> KeyHolder:
    """The holder of the key that this request carries.

    Raises:
        NotSignedIn: no key, or one that is not in force.
        ForeignOrigin: another site's page made this browser send our session.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        return _holder_of_bearer(scheme, secret.strip())
    key_id = session.get(SESSION_KEY_ID)
    if key_id is None:
        raise NotSignedIn(HOW_TO)
    refuse_foreign_origin()
    return _holder_of_session(UUID(key_id))


def require_moderator() -> Moderator:
    """The moderator whose key this request carries.

    Raises:
        NotSignedIn, ForeignOrigin: as for `require_holder`.
        RoleInsufficient: the key is not a moderator's.
    """
    holder = require_holder()
    if holder.role not in LABELLING_ROLES:
        raise RoleInsufficient("Reviews are opened by a moderator's or an admin's key.")
    return Moderator(holder.tenant_id, holder.person_id)


def sign_in(secret: str) -> KeyHolder:
    """Open a session for the holder of this key.

    Raises:
        NotSignedIn: the key is not in force.
    """
    holder = _holder_of_bearer("bearer", secret)
    session.clear()
    session[SESSION_KEY_ID] = str(holder.key_id)
    return holder


def is_signed_in() -> bool:
    """Whether this browser has a session whose key is still in force."""
    key_id = session.get(SESSION_KEY_ID)
    if key_id is None:
        return False
    try:
        _holder_of_session(UUID(key_id))
    except NotSignedIn:
        return False
    return True


def is_moderator() -> bool:
    """Whether this browser's session may open the reviews."""
    try:
        require_moderator()
    except (NotSignedIn, RoleInsufficient):
        return False
    return True


def csrf_token() -> str:
    """This session's own token, which a form of another site cannot know."""
    token: str = session.setdefault(SESSION_CSRF, secrets.token_urlsafe(32))
    return token


def refuse_forged_form() -> None:
    """A third lock on forms: the session's token, in the form or in a header of our script.

    Raises:
        FormForged: it is missing or another session's.
    """
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    known = session.get(SESSION_CSRF, "")
    if not known or not secrets.compare_digest(sent.encode(), known.encode()):
        raise FormForged("Load the page again, then repeat what you did.")


def refuse_foreign_origin() -> None:
    """A second lock behind the cookie's `SameSite=Strict`, for what changes something.

    Raises:
        ForeignOrigin: the browser says that another site's page sent this request.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    is_ours = origin is None or urlsplit(origin).netloc == request.host
    if site not in {"same-origin", "none"} or not is_ours:
        raise ForeignOrigin("Use this service's own page, or send a key with the request.")


def _holder_of_bearer(scheme: str, secret: str) -> KeyHolder:
    if scheme.lower() != "bearer" or not secret:
        raise NotSignedIn(HOW_TO)
    try:
        with services().sessions.begin() as rows:
            return recognise_key(rows, secret)
    except KeyUnknown as error:
        raise NotSignedIn(f"{error} {HOW_TO}") from error


def _holder_of_session(key_id: UUID) -> KeyHolder:
    try:
        with services().sessions.begin() as rows:
            return recognise_key_id(rows, key_id)
    except KeyUnknown as error:
        session.clear()
        raise NotSignedIn("The key of this session was revoked. Sign in again.") from error
