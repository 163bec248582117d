"""Which opinions become labels."""

from scans.label_rules import Opinion, cap_accounts, gather


def opinion(picture: int, account: str, says: str = "ai", **more: object) -> Opinion:
    return Opinion(f"picture {picture}", f"image {picture}", None, account, says, **more)


def pdq(*flipped: int) -> str:
    return f"{sum(1 << bit for bit in flipped):064x}"


def test_two_people_make_labels() -> None:
    said = [opinion(n, "one" if n % 2 else "two") for n in range(10)]
    assert len(gather(said, []).labels) == 10


def test_one_account_cannot_move_the_model() -> None:
    flood = [opinion(n, "flood", "real") for n in range(1000)]
    assert gather(flood, []).labels == ()
    others = [opinion(1000 + n, "honest") for n in range(20)]
    found = gather(flood + others, [])
    assert sum(label.accounts == ("flood",) for label in found.labels) <= 20
    assert found.left_out["account said too much"] == 980


def test_agreement_belongs_to_nobody() -> None:
    said = [opinion(n, who) for n in range(10) for who in ("one", "two")]
    assert len(cap_accounts(gather(said, []).labels)) == 10


def test_those_who_differ_are_left_out() -> None:
    said = [opinion(1, "one"), opinion(1, "two", "real"), opinion(2, "one"), opinion(3, "two")]
    found = gather(said, [])
    assert [label.picture for label in found.labels] == ["picture 2", "picture 3"]
    assert found.left_out == {"people disagree": 1}


def test_decisions_stand_over_feedback_and_unsure_is_no_label() -> None:
    said = [
        opinion(1, "reader", "real", is_decision=False),
        opinion(1, "one", "ai"),
        opinion(2, "two", "ai"),
        opinion(3, "two", "unsure"),
    ]
    found = gather(said, [])
    assert [(label.picture, label.is_ai) for label in found.labels] == [
        ("picture 1", True),
        ("picture 2", True),
    ]


def test_near_copies_count_once_and_the_holdout_is_never_learned() -> None:
    said = [
        Opinion("a", "a", pdq(1), "one", "ai"),
        Opinion("b", "b", pdq(1, 2, 3), "two", "ai"),
        Opinion("c", "c", pdq(*range(100, 200)), "two", "ai"),
        Opinion("d", "d", pdq(*range(0, 256, 2)), "three", "ai"),
    ]
    found = gather(said, [pdq(*range(100, 199))])
    assert [label.picture for label in found.labels] == ["a", "d"]
    assert found.left_out["near-copy of another label"] == 1
    assert found.left_out["near-copy of the hold-out"] == 1


def test_a_third_is_kept_back_for_good() -> None:
    labels = gather([opinion(n, f"account {n % 7}") for n in range(600)], []).labels
    again = gather([opinion(n, f"account {n % 5}") for n in range(600)], []).labels
    assert 150 < sum(label.is_kept_back for label in labels) < 250
    assert [one.is_kept_back for one in labels] == [one.is_kept_back for one in again]
