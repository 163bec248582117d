"""Policies: lines to what happens."""

import pytest

from scans.errors import PolicyInvalid
from scans.policy_rules import (
    Facts,
    choose_happening,
    compare_policies,
    find_provenance,
    read_policy,
)

SUSPECT = Facts("likely_ai", "silent", "moderation")


def test_the_first_line_that_fits_decides() -> None:
    policy = read_policy("likely_ai * moderation queue  # ours\n\n* * * nothing")
    assert choose_happening(policy, SUSPECT) == "queue"
    assert choose_happening(policy, Facts("likely_ai", "silent", "backfill")) == "nothing"
    assert choose_happening((), SUSPECT) == "built-in"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("likely_ai * * remove", "remove"),
        ("fake * * queue", "fake"),
        ("likely_ai * queue", "Line 1 has 3"),
        ("* * * queue\n* * now queue", "Line 2"),
        ("* * * queue\n" * 51, "at most 50"),
    ],
)
def test_what_is_no_policy_is_named(text: str, named: str) -> None:
    with pytest.raises(PolicyInvalid, match=named):
        read_policy(text)


def test_the_effect_counts_what_changes() -> None:
    past = [SUSPECT] * 3 + [Facts("no_evidence", "silent", "interactive")] * 2
    after = read_policy("likely_ai * * notify")
    assert compare_policies((), after, past) == {"built-in to notify": 3, "unchanged": 2}


def line(kind: str, **more: object) -> dict[str, object]:
    return {"kind": kind, "strength": "strong", "points_to": "neither", **more}


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        ([line("pixels", points_to="ai")], "silent"),
        ([line("pixels"), line("iptc", points_to="ai")], "declares_ai"),
        ([line("c2pa", points_to="no_ai")], "declares_camera"),
        ([line("c2pa", points_to="ai", strength="weak")], "silent"),
        ([line("c2pa", points_to="ai", contradicts_pixels=True)], "contradiction"),
    ],
)
def test_provenance_is_read_from_the_evidence(
    evidence: list[dict[str, object]], found: str
) -> None:
    assert find_provenance(evidence) == found
