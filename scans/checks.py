"""Checks: made once for each open subject, read by their tenant, ended with a verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Select, SQLColumnExpression, and_, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from scans.queue import URGENCIES, Claim, due_at, finish_check, hurry
from scans.similar import bits_of
from scans.tables import OPEN_STATUSES, Check, Image, ModelVersion, PixelScore, Verdict
from scans.traces import current_traceparent
from scans.verdict import DecidedVerdict, ImageFacts, PixelFinding

SAME_SUBJECT_TRIES = 3
# A row of PostgreSQL's b-tree holds 2,704 bytes; short ones keep the index small besides.
MAX_INDEXED_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class WantedCheck:
    """What a caller asks for: an address, or the hash of bytes that are in the image store."""

    tenant_id: UUID
    subject: str
    url: str | None = None
    page_url: str | None = None
    image_sha256: str | None = None
    request_id: str | None = None
    urgency: int = URGENCIES["interactive"]
    is_from_screen: bool = False
    traceparent: str | None = field(default_factory=current_traceparent)

    def row(self) -> dict[str, Any]:
        """The columns of a new check."""
        return {
            "tenant_id": self.tenant_id,
            "subject": self.subject,
            "url": self.url,
            "page_url": self.page_url,
            "image_sha256": self.image_sha256,
            "request_id": self.request_id,
            "urgency": self.urgency,
            "due_at": due_at(self.urgency),
            "is_from_screen": self.is_from_screen,
            "traceparent": self.traceparent,
        }


def subject_of_image(image_sha256: str) -> str:
    """The subject of a check of bytes."""
    return f"sha256:{image_sha256}"


def subject_of_url(canonical: str) -> str:
    """The subject of a check of an address: itself, or its hash where an index cannot hold it."""
    if len(canonical) <= MAX_INDEXED_CHARACTERS:
        return canonical
    return f"url-sha256:{sha256(canonical.encode()).hexdigest()}"


def create_or_get(
    session: Session, wanted: WantedCheck, image: Image | None = None
) -> tuple[Check, bool]:
    """Make the check, or join the one that is open for the same subject and tenant.

    Two callers at once meet in the unique index on open checks. Returns the check, and whether
    this call made it.

    Args:
        image: the row of its bytes; it is read where the caller does not have it.
    """
    for _ in range(SAME_SUBJECT_TRIES):
        made = session.scalar(
            insert(Check).values(wanted.row()).on_conflict_do_nothing().returning(Check)
        )
        if made is not None:
            _complete(session, made, image)
            return made, True
        check = session.scalar(_open_check(wanted))
        if check is not None:
            if check.urgency > wanted.urgency:
                hurry(session, [check.id], wanted.urgency)
            return check, False
        # The open check ended between the two statements: ask again.
    raise RuntimeError(f"no check could be made for {wanted.subject}")


def _complete(session: Session, made: Check, image: Image | None) -> None:
    """Give a new check what reading it would: its image, if it has one, and no verdict."""
    if image is None and made.image_sha256:
        image = session.get_one(Image, made.image_sha256)
    set_committed_value(made, "image", image)
    set_committed_value(made, "verdict", None)


def _open_check(wanted: WantedCheck) -> Select[Check]:
    return select(Check).where(
        Check.tenant_id == wanted.tenant_id,
        Check.subject == wanted.subject,
        Check.status.in_(OPEN_STATUSES),
    )


def find_check(session: Session, tenant_id: UUID, check_id: UUID) -> Check | None:
    """A check with its image and verdict, if it is this tenant's."""
    return session.scalar(
        select(Check).where(
            Check.id == check_id, Check.tenant_id == tenant_id, Check.erased_at.is_(None)
        )
    )


def find_check_to_speak_of(session: Session, tenant_id: UUID, check_id: UUID) -> Check | None:
    """As `find_check`; until the transaction ends, nobody erases the check."""
    held = session.scalar(
        select(Check.id)
        .where(Check.id == check_id, Check.tenant_id == tenant_id, Check.erased_at.is_(None))
        .with_for_update(read=True, key_share=True)
    )
    return find_check(session, tenant_id, held) if held else None


def find_verdict_of_subject(
    session: Session, tenant_id: UUID, subject: str, *, fresh_seconds: float | None
) -> Check | None:
    """The newest finished check of a subject by the live model, if one is fresh enough.

    Bytes never change under their hash (`fresh_seconds=None`); what a URL shows does.
    """
    query = newest_of(judged_by_live_model(tenant_id).where(Check.subject == subject))
    if fresh_seconds is not None:
        query = query.where(Check.finished_at > func.now() - timedelta(seconds=fresh_seconds))
    return session.scalar(query)


def find_verdict_of_image(session: Session, tenant_id: UUID, sha256: str) -> Check | None:
    """The newest finished check of these bytes by the live model, however they were sent.

    Answers only for what this tenant sent itself, so that a look-up is no oracle.
    """
    judged = judged_by_live_model(tenant_id).where(Check.image_sha256 == sha256)
    return session.scalar(newest_of(judged))


def newest_of(query: Select[Check]) -> Select[Check]:
    """The one that ended last."""
    return query.order_by(Check.finished_at.desc()).limit(1)


def judged_by_live_model(tenant_id: UUID | SQLColumnExpression[UUID]) -> Select[Check]:
    """A tenant's checks whose verdicts still stand."""
    return (
        select(Check)
        .join(Verdict, Verdict.check_id == Check.id)
        .join(ModelVersion, ModelVersion.version == Verdict.model_version)
        # Nor is one known that an older release judged, which did not read the file's own word.
        .join(Image, and_(Image.sha256 == Check.image_sha256, Image.provenance.is_not(None)))
        .where(Check.tenant_id == tenant_id, Check.status == "done", ModelVersion.is_live)
        .where(ModelVersion.threshold_version == Verdict.threshold_version)
    )


def remember_bytes(session: Session, sha256: str, byte_count: int) -> Image:
    """Note that bytes of this hash are kept; they are decoded later. Locks the row."""
    return session.scalars(
        insert(Image)
        .values(sha256=sha256, byte_count=byte_count)
        .on_conflict_do_update(index_elements=["sha256"], set_={"bytes_removed_at": None})
        .returning(Image)
    ).one()


def remember_decoded(
    sha256: str,
    *,
    byte_count: int,
    media_type: str,
    views_sha256: Sequence[str],
    facts: ImageFacts,
    provenance: list[dict[str, Any]],
    pdq: str | None,
) -> Insert:
    """What notes what was found in these bytes. A newer reading replaces the older.

    The first of the views is the canonical picture. It locks the row.
    """
    found = {
        "media_type": media_type,
        "width_px": facts.width_px,
        "height_px": facts.height_px,
        "pixels_sha256": views_sha256[0],
        "further_pixels_sha256": list(views_sha256[1:]),
        "limits": list(facts.limits),
        "provenance": provenance,
        "pdq": bits_of(pdq) if pdq else None,
        "bytes_removed_at": None,
    }
    return (
        insert(Image)
        .values(sha256=sha256, byte_count=byte_count, **found)
        .on_conflict_do_update(index_elements=["sha256"], set_=found)
    )


def find_scores(
    session: Session, pixels_sha256: Iterable[str], model_version: str
) -> dict[str, PixelScore]:
    """What this model already said about these pixels, for whichever file or tenant, by hash."""
    wanted = list(pixels_sha256)
    if not wanted:
        return {}
    return _by_pixels(
        session.scalars(
            select(PixelScore).where(
                PixelScore.pixels_sha256.in_(wanted), PixelScore.model_version == model_version
            )
        )
    )


@dataclass(frozen=True, slots=True)
class NewScore:
    """What a model has just said about one array of pixels."""

    pixels_sha256: str
    finding: PixelFinding
    trace_distance: float


def save_scores(
    session: Session, model_version: str, new: Sequence[NewScore]
) -> dict[str, PixelScore]:
    """Keep scores. The first of each stays: returns those that were kept now, by hash."""
    if not new:
        return {}
    rows = [
        {
            "pixels_sha256": one.pixels_sha256,
            "model_version": model_version,
            "raw_score": one.finding.raw_score,
            "real_photo_p": one.finding.real_photo_p,
            "calibration_count": one.finding.calibration_count,
            "coverage": one.finding.coverage,
            "doubts": list(one.finding.doubts),
            "trace_distance": one.trace_distance,
        }
        # In one order by every worker, so that two wait for each other instead of locking each
        # other out.
        for one in sorted(new, key=lambda one: one.pixels_sha256)
    ]
    kept = insert(PixelScore).values(rows).on_conflict_do_nothing().returning(PixelScore)
    return _by_pixels(session.scalars(kept))


def _by_pixels(scores: Iterable[PixelScore]) -> dict[str, PixelScore]:
    return {score.pixels_sha256: score for score in scores}


def save_verdict(
    session: Session,
    claim: Claim,
    verdict: DecidedVerdict,
    *,
    pixels_sha256: str | None,
    model_version: str,
    threshold_version: str,
) -> None:
    """End the check with its verdict and tell of it, in the caller's transaction.

    Raises:
        LeaseLost: another worker holds the check now; nothing may be written.
    """
    said = insert(Verdict).values(
        check_id=claim.check_id,
        pixels_sha256=pixels_sha256,
        model_version=model_version,
        threshold_version=threshold_version,
        label=verdict.label,
        score=verdict.score,
        raw_score=verdict.raw_score,
        real_photo_p=verdict.real_photo_p,
        evidence=verdict.evidence_rows(),
        limits=verdict.limit_rows(),
    )
    finish_check(session, claim, said.on_conflict_do_nothing(), verdict.label)


def count_by_status(session: Session) -> dict[str, int]:
    """How many checks stand at each status."""
    rows = session.execute(select(Check.status, func.count()).group_by(Check.status))
    return dict(rows.all())
