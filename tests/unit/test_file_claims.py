"""What a file's own word weighs beside its pixels."""

import pytest

from images.provenance.claims import FileClaim as ReadClaim
from scans.file_claims import FileClaim, describe_claim, describe_claims
from scans.verdict import (
    DecidedVerdict,
    ImageFacts,
    PixelFinding,
    Thresholds,
    decide_verdict,
)

THRESHOLDS = Thresholds(likely_ai_at=0.9, no_evidence_below=0.4, min_side_px=96)
LARGE = ImageFacts(1024, 768)
AI, CAMERA = "trainedAlgorithmicMedia", "digitalCapture"


def decide(raw_score: float, *claims: FileClaim) -> DecidedVerdict:
    finding = PixelFinding(raw_score, 0.2, 999, 1.0)
    return decide_verdict(finding, LARGE, THRESHOLDS, tuple(map(describe_claim, claims)))


def c2pa(state: str, source_type: str | None = None) -> FileClaim:
    return FileClaim("c2pa", state, source_type, "Maker", "Tool", "2026-11-01, 2 authorities")


@pytest.mark.parametrize(
    ("claim", "strength", "points_to"),
    [
        (c2pa("none"), "none", "neither"),
        (c2pa("invalid"), "none", "neither"),
        (c2pa("not_fetched"), "none", "neither"),
        (c2pa("unreadable"), "none", "neither"),
        (c2pa("trusted"), "none", "neither"),
        (c2pa("trusted", AI), "strong", "ai"),
        (c2pa("trusted", CAMERA), "strong", "no_ai"),
        (c2pa("unknown_issuer", AI), "moderate", "ai"),
        (c2pa("unknown_issuer", CAMERA), "weak", "no_ai"),
        (c2pa("expired", AI), "weak", "ai"),
        (c2pa("expired", CAMERA), "none", "neither"),
        (c2pa("trusted", "humanEdits"), "none", "neither"),
        (FileClaim("iptc", "declared", AI), "moderate", "ai"),
        (FileClaim("iptc", "declared", CAMERA), "weak", "no_ai"),
        (FileClaim("iptc", "declared", "a word of my own"), "none", "neither"),
        (FileClaim("iptc", "unreadable"), "none", "neither"),
        (FileClaim("generator_text", "declared", who="ComfyUI"), "moderate", "ai"),
        (FileClaim("generator_text", "processed", who="ComfyUI"), "weak", "neither"),
        (FileClaim("generator_text", "unreadable"), "none", "neither"),
        (FileClaim("exif", "camera", who="Canon EOS R5"), "none", "neither"),
        (FileClaim("exif", "software", who="Adobe Photoshop"), "none", "neither"),
        (FileClaim("exif", "software", who="Fooocus v2.5"), "weak", "ai"),
        (FileClaim("exif", "unreadable"), "none", "neither"),
    ],
)
def test_what_each_claim_weighs(claim: FileClaim, strength: str, points_to: str) -> None:
    line = describe_claim(claim)
    assert (line.kind, line.state) == (claim.kind, claim.state)
    assert (line.strength, line.points_to) == (strength, points_to)
    assert line.sentence.endswith(".")
    assert "{" not in line.sentence
    assert "None" not in line.sentence


def test_every_state_of_credentials_has_its_own_sentence_and_the_lists_date() -> None:
    states = ("none", "invalid", "expired", "unknown_issuer", "trusted", "not_fetched")
    lines = [describe_claim(c2pa(state, AI)) for state in states]
    assert len({line.sentence for line in lines}) == len(states)
    assert {line.source for line in lines} == {"C2PA; trust list of 2026-11-01, 2 authorities"}
    assert describe_claim(FileClaim("c2pa", "none")).source == "C2PA; no trust list is set"


def test_a_name_with_braces_is_no_format() -> None:
    line = describe_claim(FileClaim("c2pa", "trusted", AI, "{0.__class__}", "{says}"))
    assert "{0.__class__}" in line.sentence
    assert "{says}" in line.sentence


@pytest.mark.parametrize(
    ("raw_score", "claim", "label", "contradicts"),
    [
        (0.1, c2pa("none"), "no_evidence", False),
        (0.1, c2pa("trusted", AI), "uncertain", True),
        (0.1, FileClaim("generator_text", "declared", who="InvokeAI"), "uncertain", True),
        (0.1, FileClaim("exif", "software", who="Fooocus"), "no_evidence", True),
        (0.1, c2pa("invalid"), "no_evidence", False),
        (0.1, c2pa("trusted", CAMERA), "no_evidence", False),
        (0.5, c2pa("trusted", AI), "uncertain", False),
        (0.5, c2pa("trusted", CAMERA), "uncertain", False),
        (0.95, c2pa("trusted", CAMERA), "likely_ai", True),
        (0.95, c2pa("unknown_issuer", CAMERA), "likely_ai", True),
        (0.95, FileClaim("exif", "camera", who="Canon"), "likely_ai", False),
        (0.95, c2pa("trusted", AI), "likely_ai", False),
    ],
)
def test_the_files_word_moves_no_score_and_lowers_no_label(
    raw_score: float, claim: FileClaim, label: str, contradicts: bool
) -> None:
    verdict = decide(raw_score, claim)
    assert (verdict.raw_score, verdict.label) == (raw_score, label)
    pixels, line = verdict.evidence
    assert (pixels.kind, pixels.contradicts_pixels) == ("pixels", False)
    assert line.contradicts_pixels is contradicts
    assert (verdict.limits[0].code == "contradiction") is contradicts


def test_the_files_word_stands_where_no_pixels_could_be_judged() -> None:
    declared = (describe_claim(c2pa("trusted", AI)),)
    verdict = decide_verdict(None, ImageFacts(3, 3), THRESHOLDS, declared)
    assert (verdict.label, verdict.evidence) == ("not_assessable", declared)


def test_the_reader_and_the_rule_have_the_same_fields() -> None:
    assert ReadClaim.__dataclass_fields__.keys() == FileClaim.__dataclass_fields__.keys()
    assert describe_claims([{"kind": "c2pa", "state": "none"}])[0].state == "none"
