"""When a person is asked, and what several people together decided."""

from uuid import UUID, uuid4

import pytest

from scans.review_rules import cohens_kappa, find_reason, is_reversal, settle_votes


@pytest.mark.parametrize(
    ("label", "is_contradicted", "reason"),
    [
        ("uncertain", False, "uncertain"),
        ("uncertain", True, "contradiction"),
        ("likely_ai", True, "contradiction"),
        ("likely_ai", False, None),
        ("no_evidence", False, None),
        ("not_assessable", False, None),
    ],
)
def test_who_is_looked_at(label: str, is_contradicted: bool, reason: str | None) -> None:
    found = find_reason(
        label, is_contradicted=is_contradicted, check_id=uuid4(), spot_check_share=0.0
    )
    assert found == reason


def test_a_set_share_of_confident_verdicts_is_spot_checked() -> None:
    def count(label: str, share: float) -> int:
        ids = [UUID(int=(turn * 0x9E3779B97F4A7C15) % 2**128) for turn in range(20_000)]
        found = [
            find_reason(label, is_contradicted=False, check_id=one, spot_check_share=share)
            for one in ids
        ]
        return found.count("spot_check")

    for label in ("likely_ai", "no_evidence"):
        assert count(label, 0.05) == pytest.approx(1000, rel=0.1)
        assert count(label, 1.0) == 20_000
    assert count("not_assessable", 1.0) == 0


@pytest.mark.parametrize(
    ("votes", "needed", "outcome"),
    [
        ([], 1, None),
        (["ai"], 1, "ai"),
        (["ai"], 2, None),
        (["ai", "ai"], 2, "ai"),
        (["ai", "real"], 2, None),
        (["ai", "real", "real"], 2, "real"),
        (["ai", "real", "unsure"], 2, None),
        (["ai", "real", "unsure", "ai"], 2, "ai"),
        (["unsure", "unsure"], 2, "unsure"),
        (["ai", "real", "ai", "real", "unsure"], 3, "unsure"),
    ],
)
def test_votes_settle_a_review(votes: list[str], needed: int, outcome: str | None) -> None:
    assert settle_votes(votes, needed) == outcome


def test_only_the_opposite_of_a_confident_label_is_a_reversal() -> None:
    assert is_reversal("likely_ai", "real")
    assert is_reversal("no_evidence", "ai")
    assert not is_reversal("likely_ai", "ai")
    assert not is_reversal("uncertain", "ai")
    assert not is_reversal("likely_ai", "unsure")


def test_cohens_kappa() -> None:
    """The table of 50 pairs that textbooks give: 20 yes-yes, 15 no-no, 5 and 10: kappa 0.4."""
    pairs = (
        [("ai", "ai")] * 20 + [("real", "real")] * 15 + [("ai", "real")] * 5 + [("real", "ai")] * 10
    )
    assert cohens_kappa(pairs) == pytest.approx(0.4)
    assert cohens_kappa([("ai", "ai"), ("real", "real")]) == 1
    assert cohens_kappa([("ai", "real"), ("real", "ai")]) == -1
    assert cohens_kappa([("ai", "ai")] * 9) is None
    assert cohens_kappa([]) is None
