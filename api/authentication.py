"""Who is asking: a bearer key, or the session of a page of ours."""

import secrets
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from flask import g, request, session
from sqlalchemy.orm import Session

from api.problems import ForeignOrigin, FormForged, NotSignedIn, RoleInsufficient
from api.rate_limits import count_failed_try, refuse_after_failed_tries, spend_request
from api.request_ids import request_id
from api.services import services
from scans.audit_log import Actor
from scans.ended_sessions import end_session, has_ended
from scans.errors import KeyUnknown
from scans.keys import KeyHolder, WhichKey, by_id, by_secret, find_holder
from scans.reviews import Moderator
from scans.roles import Right, may

Found = TypeVar("Found")
SESSION_KEY_ID, SESSION_ID = "key_id", "id"
SESSION_CSRF = "csrf_token"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
HOW_TO = "Send the header `Authorization: Bearer YOUR_KEY`. `make run` prints the first key."


def require_holder(right: Right = Right.CHECK) -> KeyHolder:
    """The holder of the key that this request carries, if the key's role has this right.

    The one place where rights are enforced and requests are counted. What a route does not name is
    the least right, which every role has.

    Raises:
        NotSignedIn: no key, or one that is not in force.
        ForeignOrigin: another site's page made this browser send our session.
        RoleInsufficient: the key's role does not have the right.
        TooManyRequests: the key has asked too often.
    """
    return admit(recognise_caller(find_holder), right)


def require_holder_of_secret(secret: str, right: Right = Right.CHECK) -> KeyHolder:
    """As `require_holder`, for a key that came in another system's own header.

    Raises:
        NotSignedIn, RoleInsufficient, TooManyRequests: see there.
    """
    return admit(_find_by_bearer("bearer", secret, find_holder), right)


def admit(holder: KeyHolder, right: Right) -> KeyHolder:
    """Count the call, and let it go on.

    Raises:
        RoleInsufficient, TooManyRequests: as for `require_holder`.
    """
    if "budget" not in g:  # a repetition is recognised before its route is (api/idempotency.py)
        spend_request(holder)
    if not may(holder.role, right):
        raise RoleInsufficient(f"A key with the role {holder.role} does not open this.")
    g.holder = holder
    return holder


def actor(holder: KeyHolder) -> Actor:
    """This request as the audit log names it."""
    return Actor("key", holder.key_id, request_id())


def recognise_caller(find: Callable[[Session, WhichKey], Found]) -> Found:
    """What `find` finds for the key that this request carries, in one look at the rows.

    Whoever calls it must `admit` the holder.

    Raises:
        NotSignedIn, ForeignOrigin: as for `require_holder`.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        return _find_by_bearer(scheme, secret.strip(), find)
    key_id = session.get(SESSION_KEY_ID)
    if key_id is None:
        raise NotSignedIn(HOW_TO)
    refuse_foreign_origin()
    return _find_by_session(UUID(key_id), find)


def require_moderator() -> Moderator:
    """The moderator whose key this request carries.

    Raises:
        NotSignedIn, ForeignOrigin, RoleInsufficient, TooManyRequests: see `require_holder`.
    """
    holder = require_holder(Right.REVIEW)
    return Moderator(holder.tenant_id, holder.person_id)


def sign_in(secret: str) -> KeyHolder:
    """Open a session for the holder of this key.

    Raises:
        NotSignedIn: the key is not in force.
        TooManyRequests: too many tries from this address failed.
    """
    refuse_after_failed_tries()
    try:
        holder = _find_by_bearer("bearer", secret, find_holder)
    except NotSignedIn:
        count_failed_try()
        raise
    session.clear()
    session[SESSION_KEY_ID] = str(holder.key_id)
    session[SESSION_ID] = secrets.token_urlsafe(32)
    return holder


def sign_out() -> None:
    """End the session, and with it each copy of its cookie that someone may have taken."""
    if (session_id := session.get(SESSION_ID)) is not None:
        with services().sessions.begin() as rows:
            end_session(rows, session_id)
    session.clear()


def signed_in_holder() -> KeyHolder | None:
    """The holder of this browser's session, if its key is still in force."""
    key_id = session.get(SESSION_KEY_ID)
    if key_id is None:
        return None
    try:
        holder = _find_by_session(UUID(key_id), find_holder)
    except NotSignedIn:
        return None
    g.holder = holder  # for the links that a page shows
    return holder


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


def _find_by_bearer(scheme: str, secret: str, find: Callable[[Session, WhichKey], Found]) -> Found:
    if scheme.lower() != "bearer" or not secret:
        raise NotSignedIn(HOW_TO)
    try:
        return services().reads.ask(lambda rows: find(rows, by_secret(secret)))
    except KeyUnknown as error:
        raise NotSignedIn(f"{error} {HOW_TO}") from error


def _find_by_session(key_id: UUID, find: Callable[[Session, WhichKey], Found]) -> Found:
    session_id = session.get(SESSION_ID)
    # One without a name is of a release before names: it could not be signed out.
    if session_id is None or services().reads.ask(lambda rows: has_ended(rows, session_id)):
        session.clear()
        raise NotSignedIn("This session has ended. Sign in again.")
    try:
        return services().reads.ask(lambda rows: find(rows, by_id(key_id)))
    except KeyUnknown as error:
        session.clear()
        raise NotSignedIn(
            "The key of this session is no longer in force. Sign in again."
        ) from error
