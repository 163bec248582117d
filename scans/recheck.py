"""Ask again about images whose verdict is by a model that is live no more, at leisure.

A verdict keeps the model that gave it, and stays readable. The new check waits behind all others.
"""

from datetime import timedelta

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from scans.checks import WantedCheck, create_or_get, subject_of_image
from scans.queue import URGENCIES
from scans.tables import OPEN_STATUSES, Check, Image, ModelVersion, Verdict


def recheck_stale(session: Session, *, days: int, limit: int) -> int:
    """Queue up to `limit` checks of images of the last `days`, the newest first. Returns how many.

    Each tenant's own: an image that the live model has judged for it, or that waits, is left out;
    so is one whose bytes are gone.
    """
    other = aliased(Check)
    is_in_hand = exists().where(
        other.tenant_id == Check.tenant_id,
        other.image_sha256 == Check.image_sha256,
        other.status.in_(OPEN_STATUSES)
        | exists().where(
            Verdict.check_id == other.id,
            Verdict.model_version == ModelVersion.version,
            ModelVersion.is_live,
        ),
    )
    stale = (
        select(Check.tenant_id, Check.image_sha256, func.bool_and(Check.is_from_screen))
        .join(Image, and_(Image.sha256 == Check.image_sha256, Image.bytes_removed_at.is_(None)))
        .where(Check.status == "done", Check.erased_at.is_(None), ~is_in_hand)
        .where(Check.finished_at > func.now() - timedelta(days=days))
        .where(exists().where(ModelVersion.is_live))
        .group_by(Check.tenant_id, Check.image_sha256)
        .order_by(func.max(Check.finished_at).desc())
        .limit(limit)
    )
    made = 0
    for tenant_id, sha256, is_from_screen in session.execute(stale).all():
        wanted = WantedCheck(
            tenant_id,
            subject_of_image(sha256),
            image_sha256=sha256,
            urgency=URGENCIES["backfill"],
            is_from_screen=is_from_screen,
        )
        _, is_new = create_or_get(session, wanted)
        made += is_new
    return made
