"""Take a request for a check: answer from what is known, or queue it and wake a worker."""

import hashlib
import time
from collections.abc import Callable
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from scans.checks import (
    WantedCheck,
    create_or_get,
    find_check,
    find_verdict_of_image,
    find_verdict_of_subject,
    remember_bytes,
    subject_of_image,
    subject_of_url,
)
from scans.database import Reads
from scans.image_store import ImageStore
from scans.image_url import canonical_url
from scans.tables import OPEN_STATUSES, Check

MAX_WAIT_SECONDS = 8.0
FIRST_LOOK_SECONDS, LATER_LOOK_SECONDS = 0.05, 0.25


def request_check_of_url(
    url: str,
    page_url: str | None,
    tenant_id: UUID,
    *,
    sessions: sessionmaker[Session],
    wake: Callable[[], None],
    fresh_seconds: float,
    request_id: str | None = None,
) -> Check:
    """A check of what an address shows: a fresh finished one, an open one, or a new one.

    Raises:
        UrlNotCanonical: the address is none that can be fetched.
    """
    address = canonical_url(url)
    subject = subject_of_url(address)
    wanted = WantedCheck(tenant_id, subject, url=address, page_url=page_url, request_id=request_id)
    with sessions.begin() as session:
        known = find_verdict_of_subject(session, tenant_id, subject, fresh_seconds=fresh_seconds)
        check, is_new = (known, False) if known else create_or_get(session, wanted)
    if is_new:
        wake()
    return check


def request_check_of_bytes(
    content: bytes,
    url: str | None,
    page_url: str | None,
    tenant_id: UUID,
    *,
    sessions: sessionmaker[Session],
    reads: Reads,
    store: ImageStore,
    wake: Callable[[], None],
    request_id: str | None = None,
    is_from_screen: bool = False,
) -> Check:
    """A check of uploaded bytes: a finished one of the same bytes, an open one, or a new one.

    The bytes are kept before the row is committed, so a row never points at nothing.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    wanted = WantedCheck(
        tenant_id,
        subject_of_image(sha256),
        url=url,
        page_url=page_url,
        image_sha256=sha256,
        request_id=request_id,
        is_from_screen=is_from_screen,
    )
    known = reads.ask(lambda session: find_verdict_of_image(session, tenant_id, sha256))
    if known:
        return known
    with sessions.begin() as session:
        # It locks the image's row, so that an erasure comes before the file or after the check.
        image = remember_bytes(session, sha256, len(content))
        store.save("bytes", sha256, content)
        check, is_new = create_or_get(session, wanted, image)
    if is_new:
        wake()
    return check


def wait_for_end(
    check: Check, seconds: float, *, reads: Reads, sleep: Callable[[float], None]
) -> Check:
    """The check as it is when it has ended, or after `seconds` (at most 8).

    Looks at one row by its key, often at first: most verdicts are there within half a second.
    """
    deadline = time.monotonic() + min(seconds, MAX_WAIT_SECONDS)
    pause, tenant_id, check_id = FIRST_LOOK_SECONDS, check.tenant_id, check.id
    while check.status in OPEN_STATUSES and time.monotonic() < deadline:
        sleep(min(pause, max(0.0, deadline - time.monotonic())))
        pause = min(pause * 1.5, LATER_LOOK_SECONDS)
        check = reads.ask(lambda session: find_check(session, tenant_id, check_id)) or check
    return check
