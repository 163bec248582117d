"""What people said, read as labels for retraining; and the cases that a candidate must get right.

Moderators' decisions and their feedback count, and hints of readers whom moderators have proven
(`scans/feedback.py`). A decision that was undone does not.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from scans.feedback import LABELLING_ROLES, choose_standing, is_proven_reader
from scans.feedback_rows import read_history
from scans.label_rules import Opinion
from scans.review_tables import Decision, Feedback, RegressionCase, Review
from scans.similar import pdq_of
from scans.tables import Check, Image, Verdict


def read_opinions(session: Session) -> list[Opinion]:
    """All that counts, over all tenants, the oldest first."""
    return [*_read_decisions(session), *_read_feedback(session)]


def find_called_ai(session: Session, image_sha256s: Iterable[str]) -> set[str]:
    """Those of these images that some verdict called `likely_ai`, by whatever model."""
    return set(
        session.scalars(
            select(Check.image_sha256)
            .join(Verdict, Verdict.check_id == Check.id)
            .where(Check.image_sha256.in_(list(image_sha256s)), Verdict.label == "likely_ai")
        )
    )


def list_regression_cases(session: Session) -> list[RegressionCase]:
    """Every case, the oldest first."""
    return list(session.scalars(select(RegressionCase).order_by(RegressionCase.created_at)))


def _read_decisions(session: Session) -> list[Opinion]:
    rows = session.execute(
        select(Review.picture, Review.image_sha256, Image.pdq, Decision.person_id, Decision.says)
        .join(Decision, Decision.review_id == Review.id)
        .join(Image, Image.sha256 == Review.image_sha256)
        .where(Review.outcome.in_(("ai", "real")), Decision.undone_at.is_(None))
        .order_by(Decision.created_at)
    )
    return [
        Opinion(picture, image, pdq_of(bits) if bits else None, str(person), says)
        for picture, image, bits, person, says in rows
    ]


def _read_feedback(session: Session) -> list[Opinion]:
    rows = session.scalars(
        select(Feedback).where(Feedback.says.in_(("ai", "real"))).order_by(Feedback.created_at)
    ).all()
    images = dict(
        session.execute(
            select(Check.id, Check.image_sha256).where(
                Check.id.in_({row.check_id for row in rows}), Check.image_sha256.is_not(None)
            )
        ).all()
    )
    proven: dict[tuple[object, object], bool] = {}
    opinions = []
    for row in rows:
        who = (row.tenant_id, row.person_id)
        if row.role not in LABELLING_ROLES and who not in proven:
            proven[who] = is_proven_reader(read_history(session, *who))
        standing = choose_standing(row.role, row.flags, is_proven=proven.get(who, False))
        image = images.get(row.check_id)
        if standing != "quarantined" and image is not None:
            opinions.append(
                Opinion(
                    row.picture, image, row.pdq, str(row.person_id), row.says, is_decision=False
                )
            )
    return opinions
