"""What the file's own word weighs, in sentences. Pure: the standard library alone.

A signature weighs what its issuer is worth here. Unsigned metadata can be written by anyone: what
they say against their own picture weighs more than what they say for it. A mention proves nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scans.verdict import Direction, Evidence, Strength

# IPTC NewsCodes, digitalsourcetype: words, and where they point.
_MADE_BY_AI = {
    "trainedAlgorithmicMedia": "made by a generative AI model",
    "compositeWithTrainedAlgorithmicMedia": "partly made by a generative AI model",
    "compositeSynthetic": "put together with synthetic parts",
}
_CAPTURED = {
    "digitalCapture": "captured by a camera",
    "computationalCapture": "captured by a camera that computes its pictures",
    "negativeFilm": "digitised from a negative",
    "positiveFilm": "digitised from a slide",
    "print": "digitised from a print",
}
_OTHERS = {
    "algorithmicallyEnhanced": "enhanced by an algorithm",
    "algorithmicMedia": "made by an algorithm without training data",
    "composite": "put together from several pictures",
    "compositeCapture": "put together from several captures",
    "dataDrivenMedia": "made from data",
    "digitalArt": "drawn with digital tools",
    "digitalCreation": "made by a person with digital tools",
    "humanEdits": "edited by a person",
    "minorHumanEdits": "a little edited by a person",
    "screenCapture": "a screenshot",
    "softwareImage": "made by software",
    "virtualRecording": "recorded in a virtual world",
}
_SOURCE_WORDS = {**_MADE_BY_AI, **_CAPTURED, **_OTHERS}
# Names that only image generators have, in small letters.
_GENERATOR_NAMES = (
    "adobe firefly",
    "comfyui",
    "dall-e",
    "dall·e",
    "draw things",
    "dreamstudio",
    "fooocus",
    "invokeai",
    "midjourney",
    "novelai",
    "stable diffusion",
)

_C2PA_SENTENCES = {
    "none": "The file carries no content credentials (C2PA). Most files have none.",
    "invalid": "Content credentials (C2PA) are in the file but do not fit it: it or they were "
    "changed after signing. Nothing that they say counts.",
    "expired": "Content credentials (C2PA) of {who} are intact, but the certificate that signed "
    "them is no longer valid{says}.",
    "unknown_issuer": "Content credentials (C2PA) of {who} are intact, but this service does not "
    "know the issuer, and anyone can sign in any name{says}.",
    "trusted": "Content credentials (C2PA) signed by {who} are intact, and this service trusts "
    "the issuer{says}.",
    "not_fetched": "The file names an address where content credentials (C2PA) are said to be. "
    "They were not fetched.",
    "unreadable": "The content credentials (C2PA) in the file are too large to be read.",
}
_UNREADABLE = {
    "iptc": "Metadata (XMP) in the file could not be read safely, and say nothing here.",
    "exif": "Metadata (EXIF) in the file are too large to be read.",
    "generator_text": "Text in the file is too large, or too much, to be read.",
}


@dataclass(frozen=True, slots=True)
class FileClaim:
    """One thing that a file says about itself, as it is stored with the image.

    The fields are those of the reader's claim (`images/provenance/claims.py`).
    """

    kind: str
    state: str
    source_type: str | None = None
    who: str | None = None
    tool: str | None = None
    trust_list: str | None = None


def describe_claims(rows: Iterable[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    """The lines of evidence in what was stored about one file."""
    return tuple(describe_claim(FileClaim(**row)) for row in rows)


def describe_claim(claim: FileClaim) -> Evidence:
    """One line of evidence, with what it weighs."""
    if claim.kind == "c2pa":
        return _describe_credentials(claim)
    if claim.state == "unreadable":
        return Evidence(claim.kind, "none", _UNREADABLE[claim.kind], "Metadata", claim.state)
    if claim.kind == "iptc":
        return _describe_source_type(claim)
    if claim.kind == "generator_text":
        return _describe_generator(claim)
    return _describe_mention(claim)


def _describe_credentials(claim: FileClaim) -> Evidence:
    says = f". They say: {_source_words(claim)}" if claim.source_type else ""
    if says and claim.tool:
        says += f", with {claim.tool}"
    sentence = _C2PA_SENTENCES[claim.state].format(who=claim.who or "an unnamed issuer", says=says)
    strength, points_to = _weigh_credentials(claim)
    listed = f"trust list of {claim.trust_list}" if claim.trust_list else "no trust list is set"
    return Evidence("c2pa", strength, sentence, f"C2PA; {listed}", claim.state, points_to)


def _weigh_credentials(claim: FileClaim) -> tuple[Strength, Direction]:
    weights: dict[str, tuple[Strength, Strength]] = {
        # State: what it weighs where it says AI, and where it says camera.
        "trusted": ("strong", "strong"),
        "unknown_issuer": ("moderate", "weak"),
        "expired": ("weak", "none"),
    }
    for_ai, for_camera = weights.get(claim.state, ("none", "none"))
    if claim.source_type in _MADE_BY_AI and for_ai != "none":
        return for_ai, "ai"
    if claim.source_type in _CAPTURED and for_camera != "none":
        return for_camera, "no_ai"
    return "none", "neither"


def _describe_source_type(claim: FileClaim) -> Evidence:
    sentence = (
        f"The file's metadata say: {_source_words(claim)}. They are not signed: anyone can write "
        "or remove them."
    )
    strength: Strength = "none"
    points_to: Direction = "neither"
    if claim.source_type in _MADE_BY_AI:
        strength, points_to = "moderate", "ai"
    elif claim.source_type in _CAPTURED:
        strength, points_to = "weak", "no_ai"
    source = "IPTC digital source type (XMP)"
    return Evidence("iptc", strength, sentence, source, claim.state, points_to)


def _describe_generator(claim: FileClaim) -> Evidence:
    model = f" (model {claim.tool})" if claim.tool else ""
    if claim.state == "processed":
        sentence = (
            f"The file holds a workflow of {claim.who} that may have drawn the picture or only "
            "worked on it. Anyone can write or remove such text."
        )
        return Evidence("generator_text", "weak", sentence, "Text in the file", claim.state)
    sentence = (
        f"The file holds the settings of {claim.who}{model}, an image generator. Anyone can write "
        "or remove such text."
    )
    return Evidence("generator_text", "moderate", sentence, "Text in the file", claim.state, "ai")


def _describe_mention(claim: FileClaim) -> Evidence:
    if claim.state == "camera":
        sentence = (
            f"The metadata name a camera, {claim.who}. Anyone can write that; it is no proof."
        )
        return Evidence("exif", "none", sentence, "EXIF", claim.state)
    name = (claim.who or "").lower()
    if any(generator in name for generator in _GENERATOR_NAMES):
        sentence = (
            f"The metadata name {claim.who}, an image generator, as software. It is no proof."
        )
        return Evidence("exif", "weak", sentence, "EXIF or XMP", claim.state, "ai")
    sentence = f"The metadata name the software {claim.who}. That tells nothing about AI."
    return Evidence("exif", "none", sentence, "EXIF or XMP", claim.state)


def _source_words(claim: FileClaim) -> str:
    """What the word means; a word that is not in the vocabulary is quoted."""
    return _SOURCE_WORDS.get(claim.source_type or "", f"“{claim.source_type}”")
