"""Who is asking: a bearer key, or the session of a page of ours."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from flask import request, session
from sqlalchemy.orm import Session

from api.problems import ForeignOrigin, NotSignedIn
from api.services import services
from scans.errors import KeyUnknown
from scans.keys import KeyHolder, WhichKey, by_id, by_secret, find_holder

Found = TypeVar("Found")
SESSION_KEY_ID = "key_id"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
HOW_TO = "Send the header `Authorization: Bearer YOUR_KEY`. `make run` prints the first key."


def require_holder() -> KeyHolder:
    """The holder of the key that this request carries.

    Raises:
        NotSignedIn: no key, or one that is not in force.
        ForeignOrigin: another site's page made this browser send our session.
    """
    return recognise_caller(find_holder)


def recognise_caller(find: Callable[[Session, WhichKey], Found]) -> Found:
    """What `find` finds for the key that this request carries, in one look at the rows.

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


def sign_in(secret: str) -> KeyHolder:
    """Open a session for the holder of this key.

    Raises:
        NotSignedIn: the key is not in force.
    """
    holder = _find_by_bearer("bearer", secret, find_holder)
    session.clear()
    session[SESSION_KEY_ID] = str(holder.key_id)
    return holder


def is_signed_in() -> bool:
    """Whether this browser has a session whose key is still in force."""
    key_id = session.get(SESSION_KEY_ID)
    if key_id is None:
        return False
    try:
        _find_by_session(UUID(key_id), find_holder)
    except NotSignedIn:
        return False
    return True


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
    try:
        return services().reads.ask(lambda rows: find(rows, by_id(key_id)))
    except KeyUnknown as error:
        session.clear()
        raise NotSignedIn("The key of this session was revoked. Sign in again.") from error
