"""Where known images came from, and how to ask their hosts whether they have changed."""

import hashlib

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.tables import FetchedUrl


def find_fetched(session: Session, url: str) -> FetchedUrl | None:
    """What the last fetch of this address left, for whichever tenant: hosts are asked once."""
    return session.get(FetchedUrl, _key_of(url))


def remember_fetched(
    session: Session,
    url: str,
    *,
    image_sha256: str,
    final_url: str,
    etag: str | None,
    last_modified: str | None,
) -> None:
    """Keep what a later fetch may ask with. The newest answer replaces the older."""
    found = {
        "image_sha256": image_sha256,
        "final_url": final_url,
        "etag": etag,
        "last_modified": last_modified,
        "fetched_at": func.now(),
    }
    session.execute(
        insert(FetchedUrl)
        .values(url_sha256=_key_of(url), **found)
        .on_conflict_do_update(index_elements=["url_sha256"], set_=found)
    )


def _key_of(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()
