"""What is known of an image, for whoever holds a key: the commonest look-up, in one statement."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, or_, true
from sqlalchemy.orm import Session

from scans.checks import judged_by_live_model, newest_of
from scans.keys import KeyColumn, KeyHolder, WhichKey, holder_of, select_key
from scans.review_tables import Review
from scans.tables import ApiKey, Check, Image


@dataclass(frozen=True, slots=True)
class KnownVerdict:
    """Who asks, and the newest verdict of the live model that their tenant has of the image.

    Attributes:
        may_be_decided: whether people may have decided on the picture; `find_humans` knows.
    """

    holder: KeyHolder
    check: Check | None
    may_be_decided: bool


def find_known_verdict(session: Session, key: WhichKey, sha256: str) -> KnownVerdict:
    """As `find_holder`, then `find_verdict_of_image`; but in one round trip.

    Raises:
        KeyUnknown: no such key is in force.
    """
    statement = _select_known(key.column)
    found = session.execute(statement, {"key": key.value, "sha256": sha256}).first()
    api_key, check, may_be_decided = found or (None, None, False)
    return KnownVerdict(holder_of(api_key), check, bool(may_be_decided))


@cache
def _select_known(column: KeyColumn) -> Select[ApiKey, Check, bool]:
    judged = judged_by_live_model(ApiKey.tenant_id).where(Check.image_sha256 == bindparam("sha256"))
    newest = (
        newest_of(judged)
        .with_only_columns(Check.id, _may_be_decided().label("may_be_decided"))
        .correlate(ApiKey)
        .lateral()
    )
    return (
        select_key(column)
        .add_columns(Check, newest.c.may_be_decided)
        .outerjoin(newest, true())
        .outerjoin(Check, Check.id == newest.c.id)
    )


def _may_be_decided() -> ColumnElement[bool]:
    """Decided reviews of the bytes or the pixels. A file with several pictures is no such case for
    SQL (`scans/pictures.py` hashes them), so it may be one."""
    same_picture = or_(
        Review.image_sha256 == Image.sha256,
        Review.picture == Image.pixels_sha256,
        func.jsonb_array_length(Image.further_pixels_sha256) > 0,
    )
    decided = exists().where(
        Review.tenant_id == ApiKey.tenant_id, Review.outcome.is_not(None), same_picture
    )
    return decided.correlate(ApiKey, Image)
