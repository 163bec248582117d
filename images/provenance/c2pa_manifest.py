"""The state of a C2PA manifest: intact or not, whose, and what it says of the picture's origin.

The library (c2pa-python, the C2PA project's own) is asked only where the walkers found a manifest
store of bearable size, and may not open connections: by default it would fetch manifests and
identities from addresses that the file names.
"""

import io
import json
from typing import Any

import c2pa

from images.provenance.claims import FileClaim, printable
from images.provenance.source_types import AI_SOURCE_TYPES, COMPOSITE_WITH_AI
from images.provenance.trust_list import TrustList
from images.provenance.xmp import last_word

MAX_REPORT_CHARACTERS = 16 << 20
MAX_MANIFESTS_FOLLOWED = 512
MAX_ACTIONS = 1000

# Codes of C2PA 2.2, 15.2; all others that the library lists as failures make a manifest invalid.
_UNKNOWN_ISSUER = "signingCredential.untrusted"
_EXPIRED = "signingCredential.expired"


def read_c2pa(content: bytes, media_type: str, trust_list: TrustList) -> FileClaim:
    """Validate the manifest store in `content`, which is known to hold one."""
    try:
        with (
            c2pa.Context.from_dict(_library_settings(trust_list)) as context,
            c2pa.Reader(media_type, io.BytesIO(content), context=context) as reader,
        ):
            report = reader.json()
    except c2pa.C2paError:
        # There is a store, and it cannot be read: that is as good as a broken one.
        return FileClaim("c2pa", "invalid", trust_list=trust_list.title)
    if len(report) > MAX_REPORT_CHARACTERS:
        return FileClaim("c2pa", "unreadable", trust_list=trust_list.title)
    return claim_of_report(json.loads(report), trust_list.title)


def _library_settings(trust_list: TrustList) -> dict[str, Any]:
    return {
        "verify": {
            "verify_trust": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        "core": {"allowed_network_hosts": [], "decode_identity_assertions": False},
        "trust": {"trust_anchors": trust_list.pem} if trust_list.count else {},
    }


def claim_of_report(report: Any, trust_list_title: str | None) -> FileClaim:
    """The claim in the library's report, whose strings and shapes are a stranger's."""
    manifests = _dict(_dict(report).get("manifests"))
    active = _dict(manifests.get(str(_dict(report).get("active_manifest"))))
    signature = _dict(active.get("signature_info"))
    state = _state_of(_dict(report))
    generators = _list(active.get("claim_generator_info"))
    return FileClaim(
        "c2pa",
        state,
        source_type=None if state == "invalid" else _source_type(active, manifests),
        who=printable(signature.get("issuer")) or printable(signature.get("common_name")),
        tool=printable(_dict(generators[0]).get("name")) if generators else None,
        trust_list=trust_list_title,
    )


def _state_of(report: dict[str, Any]) -> Any:
    results = _dict(report.get("validation_results"))
    failures = _failures(_dict(results.get("activeManifest")))
    if report.get("validation_state") == "Trusted" and not failures:
        return "trusted"
    if report.get("validation_state") == "Valid" and failures <= {_UNKNOWN_ISSUER}:
        return "unknown_issuer"
    if _EXPIRED in failures and failures <= {_EXPIRED, _UNKNOWN_ISSUER}:
        return "expired"
    return "invalid"


def _failures(results: dict[str, Any]) -> set[str]:
    return {str(_dict(status).get("code")) for status in _list(results.get("failure"))}


def _source_type(active: dict[str, Any], manifests: dict[str, Any]) -> str | None:
    """What the active manifest says; or AI, where a picture that it was made from says so.

    Only AI is believed of an ingredient: its issuer may be anyone, and a trusted editor that opened
    a stranger's picture does not vouch for the camera in it.
    """
    words = _source_types_in(active)
    came_of_ai, has_ai_part = _ai_in_ingredients(active, manifests)
    ai_words = [word for word in words if word in AI_SOURCE_TYPES]
    if ai_words:
        return ai_words[0]
    if came_of_ai:
        return came_of_ai
    if has_ai_part:
        return COMPOSITE_WITH_AI
    return words[0] if words else None


def _ai_in_ingredients(
    active: dict[str, Any], manifests: dict[str, Any]
) -> tuple[str | None, bool]:
    """An AI word of a picture that this one is an edit of; whether any other part is AI-made."""
    has_ai_part = False
    waiting = [(active, True)]
    met: set[tuple[str, bool]] = set()
    while waiting:
        manifest, is_parent = waiting.pop()
        for ingredient in map(_dict, _list(manifest.get("ingredients"))):
            label = str(ingredient.get("active_manifest"))
            source = _dict(manifests.get(label))
            is_edited = is_parent and ingredient.get("relationship") == "parentOf"
            is_new = (label, is_edited) not in met and len(met) < MAX_MANIFESTS_FOLLOWED
            if not source or not is_new or not _is_sound(ingredient):
                continue
            met.add((label, is_edited))
            ai_words = [word for word in _source_types_in(source) if word in AI_SOURCE_TYPES]
            if ai_words and is_edited:
                return ai_words[0], has_ai_part
            has_ai_part = has_ai_part or bool(ai_words)
            waiting.append((source, is_edited))
    return None, has_ai_part


def _is_sound(ingredient: dict[str, Any]) -> bool:
    """Whether the ingredient's own manifest held when it was taken in."""
    results = _dict(_dict(ingredient.get("validation_results")).get("activeManifest"))
    old_form = {str(_dict(each).get("code")) for each in _list(ingredient.get("validation_status"))}
    return (_failures(results) | old_form) <= {_UNKNOWN_ISSUER, _EXPIRED}


def _source_types_in(manifest: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for assertion in map(_dict, _list(manifest.get("assertions"))):
        if not str(assertion.get("label")).startswith("c2pa.actions"):
            continue
        actions = _list(_dict(assertion.get("data")).get("actions"))[:MAX_ACTIONS]
        for action in map(_dict, actions):
            source_type = action.get("digitalSourceType")
            word = last_word(source_type) if isinstance(source_type, str) else None
            if word:
                words.append(word)
    return words


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
