"""What an opinion weighs, and how a reader earns being counted."""

import random

import pytest

from scans.feedback import (
    BURST_OF_ONE_PERSON,
    BURST_ON_ONE_PICTURE,
    NEAR_COPY_BITS,
    SettledHint,
    choose_standing,
    count_once,
    flag_burst,
    is_proven_reader,
    lower_bound,
)


def history(right: int, wrong: int = 0) -> list[SettledHint]:
    """Hints on different pictures, of both kinds by turns; the wrong ones last."""
    kinds = [("ai", "real")[turn % 2] for turn in range(right + wrong)]
    other = {"ai": "real", "real": "ai"}
    return [
        SettledHint(kind if turn < right else other[kind], kind, f"picture {turn}")
        for turn, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "is_proven"),
    [(9, 0, False), (10, 0, True), (9, 1, False), (17, 1, True), (30, 6, False), (100, 10, True)],
)
def test_a_reader_is_proven_by_agreeing_often_enough(
    right: int, wrong: int, is_proven: bool
) -> None:
    assert is_proven_reader(history(right, wrong)) is is_proven


def test_always_saying_the_same_proves_nothing() -> None:
    assert not is_proven_reader([SettledHint("ai", "ai", f"picture {i}") for i in range(200)])


def test_unsure_proves_nothing_either_way() -> None:
    unsure = [SettledHint("unsure", "ai", f"more {i}") for i in range(50)]
    undecided = [SettledHint("ai", "unsure", f"others {i}") for i in range(50)]
    assert not is_proven_reader(unsure + undecided)
    assert is_proven_reader(history(10) + unsure + undecided)


def test_equal_pixels_and_near_copies_count_once() -> None:
    generator = random.Random(1)
    one = generator.getrandbits(256)

    def copy(flipped_bits: int) -> str:
        bits = generator.sample(range(256), flipped_bits)
        return f"{one ^ sum(1 << bit for bit in bits):064x}"

    flood = [SettledHint("ai", "ai", f"copy {i}", copy(NEAR_COPY_BITS // 2)) for i in range(40)]
    assert len(count_once([SettledHint("ai", "ai", "first", f"{one:064x}"), *flood])) == 1
    far = SettledHint("ai", "ai", "far", copy(NEAR_COPY_BITS + 1))
    assert len(count_once([SettledHint("ai", "ai", "first", f"{one:064x}"), far])) == 2
    assert len(count_once([SettledHint("ai", "ai", "same")] * 5)) == 1
    again = [SettledHint("ai", "ai", "a")] * 2
    assert not is_proven_reader(history(8) + again)


def test_a_burst_is_flagged_whoever_it_comes_from() -> None:
    assert flag_burst(said_by_person=0, said_of_picture=0) == ()
    just_below = flag_burst(
        said_by_person=BURST_OF_ONE_PERSON - 1, said_of_picture=BURST_ON_ONE_PICTURE - 1
    )
    assert just_below == ()
    assert flag_burst(said_by_person=BURST_OF_ONE_PERSON, said_of_picture=0) == ("burst_of_person",)
    assert flag_burst(said_by_person=0, said_of_picture=BURST_ON_ONE_PICTURE) == (
        "burst_on_picture",
    )


@pytest.mark.parametrize(
    ("role", "flags", "is_proven", "standing"),
    [
        ("moderator", (), False, "label"),
        ("admin", (), False, "label"),
        ("reader", (), False, "quarantined"),
        ("reader", (), True, "counted"),
        ("reader", ("burst_of_person",), True, "quarantined"),
        ("integration", (), False, "quarantined"),
    ],
)
def test_standing(role: str, flags: tuple[str, ...], is_proven: bool, standing: str) -> None:
    assert choose_standing(role, flags, is_proven=is_proven) == standing


def test_wilson_interval() -> None:
    """Figures of Newcombe (1998), table I: 81 of 263 has the interval 0.2553 to 0.3662."""
    assert lower_bound(81, 263) == pytest.approx(0.2553, abs=1e-4)
    assert lower_bound(0, 0) == 0
