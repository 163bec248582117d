"""Images go: on request for one tenant, or by age for all. The rows are locked before files are.

Whoever keeps bytes locks the image's row too (`remember_bytes`, `remember_decoded`), so what is
removed here cannot be half of what is being written there.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, not_, or_, select, update
from sqlalchemy.orm import Session

from scans.audit_log import SERVICE, Actor, record
from scans.checks import subject_of_url
from scans.coop_tables import CoopItem
from scans.errors import ImageInUse, NotAmongYours
from scans.image_store import ImageStore, Kind, heatmap_name
from scans.image_url import canonical_url
from scans.review_erasure import erase_opinions, erase_requests
from scans.review_tables import Review
from scans.tables import (
    OPEN_STATUSES,
    Check,
    FetchedUrl,
    Image,
    ModelVersion,
    Verdict,
    WebhookDelivery,
    WebhookEvent,
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """The proof of what was removed; the audit log keeps the same."""

    sha256: str
    checks_erased: int
    files_removed: tuple[str, ...]
    is_kept_for_others: bool


def images_of_subject(session: Session, tenant_id: UUID, subject: str) -> list[str]:
    """The hashes of the images that a tenant sent under a hash of bytes or an address.

    Raises:
        NotAmongYours: it sent none.
        UrlNotCanonical: the subject is neither.
    """
    sha256 = subject.removeprefix("sha256:").lower()
    is_hash = len(sha256) == 64 and set(sha256) <= set("0123456789abcdef")
    condition = (
        Check.image_sha256 == sha256
        if is_hash
        else Check.subject == subject_of_url(canonical_url(subject))
    )
    query = select(Check.image_sha256).where(
        Check.tenant_id == tenant_id, condition, Check.image_sha256.is_not(None)
    )
    found = [name for name in session.scalars(query.distinct()) if name]
    if not found:
        raise NotAmongYours("There is no such image among yours.")
    return found


def erase_image(
    session: Session, store: ImageStore, tenant_id: UUID, sha256: str, by: Actor
) -> Erasure:
    """Remove an image of a tenant: its checks' content, and its files unless others sent it too.

    Raises:
        NotAmongYours: this tenant never sent it, or erased it already.
        ImageInUse: a check of this tenant is still open.
    """
    session.execute(select(Image.sha256).where(Image.sha256 == sha256).with_for_update())
    checks = list(
        session.execute(
            select(Check.id, Check.status)
            .where(Check.tenant_id == tenant_id, Check.image_sha256 == sha256)
            .with_for_update()
        )
    )
    if not checks:
        raise NotAmongYours("There is no such image among yours.")
    if any(check.status in OPEN_STATUSES for check in checks):
        raise ImageInUse("A check of this image is still open. Try again when it has ended.")
    check_ids = [check.id for check in checks]
    _erase_events(session, tenant_id, check_ids)
    erase_opinions(session, tenant_id, check_ids)
    erase_requests(session, tenant_id, check_ids)
    _erase_checks(session, check_ids)
    is_kept = session.scalar(select(exists().where(Check.image_sha256 == sha256))) or False
    removed = () if is_kept else _remove_files(session, store, sha256)
    if not is_kept:
        _forget_content(session, sha256)
    proof = Erasure(sha256, len(checks), removed, is_kept)
    record(
        session,
        by,
        "image.erased",
        tenant_id=tenant_id,
        target=sha256,
        checks_erased=len(checks),
        files_removed=list(removed),
    )
    return proof


def remove_old_files(session: Session, store: ImageStore, keep_days: int, *, limit: int) -> int:
    """Remove the files of images that nobody has asked about for `keep_days`. Returns how many.

    Verdicts stay. An image of an open check, or one that waits for a moderator, is never touched.
    """
    before = func.now() - timedelta(days=keep_days)
    in_use = exists().where(
        Check.image_sha256 == Image.sha256,
        or_(Check.status.in_(OPEN_STATUSES), Check.created_at > before),
    )
    is_awaited = exists().where(Review.image_sha256 == Image.sha256, Review.status == "waiting")
    old = session.scalars(
        select(Image.sha256)
        .where(Image.bytes_removed_at.is_(None), Image.created_at < before)
        .where(not_(in_use), not_(is_awaited))
        .order_by(Image.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for sha256 in old:
        files = list(_remove_files(session, store, sha256))
        record(
            session, SERVICE, "image.aged_out", tenant_id=None, target=sha256, files_removed=files
        )
    return len(old)


def _erase_events(session: Session, tenant_id: UUID, check_ids: list[UUID]) -> None:
    """Forget what webhooks told of these checks; what waits of it is not sent."""
    told_of = WebhookEvent.payload["data"]["id"].astext
    events = list(
        session.scalars(
            select(WebhookEvent.id).where(
                WebhookEvent.tenant_id == tenant_id, told_of.in_([str(one) for one in check_ids])
            )
        )
    )
    session.execute(delete(WebhookDelivery).where(WebhookDelivery.event_id.in_(events)))
    session.execute(delete(WebhookEvent).where(WebhookEvent.id.in_(events)))


def _forget_content(session: Session, sha256: str) -> None:
    """What the file says about itself and what it looks like; the same bytes are read anew."""
    session.execute(update(Image).where(Image.sha256 == sha256).values(provenance=None, pdq=None))


def _erase_checks(session: Session, check_ids: list[UUID]) -> None:
    session.execute(delete(CoopItem).where(CoopItem.check_id.in_(check_ids)))
    session.execute(delete(Verdict).where(Verdict.check_id.in_(check_ids)))
    session.execute(
        update(Check)
        .where(Check.id.in_(check_ids))
        .values(
            subject="erased:" + func.cast(Check.id, Check.subject.type),
            url=None,
            page_url=None,
            image_sha256=None,
            error_message=None,
            erased_at=func.now(),
        )
    )


def _remove_files(session: Session, store: ImageStore, sha256: str) -> tuple[str, ...]:
    """Remove what no other image shows, and forget what was read in the bytes."""
    image = session.get_one(Image, sha256)
    views = [image.pixels_sha256, *image.further_pixels_sha256] if image.pixels_sha256 else []
    names: list[tuple[Kind, str]] = [("bytes", sha256), ("incoming", sha256)]
    versions = session.scalars(select(ModelVersion.version)).all()
    for view in views:
        if not session.scalar(select(exists().where(_shows(view, sha256)))):
            names += [("pixels", view)]
            names += [("heatmaps", heatmap_name(view, version)) for version in versions]
    removed = [(kind, name) for kind, name in names if store.has(kind, name)]
    for kind, name in removed:
        store.forget(kind, name)
    session.execute(delete(FetchedUrl).where(FetchedUrl.image_sha256 == sha256))
    image.bytes_removed_at = func.now()
    return tuple(f"{kind}/{name}" for kind, name in removed)


def _shows(view: str, sha256: str) -> ColumnElement[bool]:
    """Another image with the same picture, whose heatmap is this one."""
    return and_(
        Image.sha256 != sha256,
        Image.bytes_removed_at.is_(None),
        or_(Image.pixels_sha256 == view, Image.further_pixels_sha256.contains([view])),
    )
