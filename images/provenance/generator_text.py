"""Settings that image generators write beside the pixels, told apart by their form.

A text counts only under the keyword and in the form that its generator writes; a sentence that
mentions one does not. Whoever edits metadata can write or remove all of it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from images.provenance.claims import FileClaim, printable

_WEB_UI = "a Stable Diffusion web UI"
# `Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, …`: one line of pairs, after the prompts.
_MAX_PAIRS_CHARACTERS = 8000
_PAIR = re.compile(r"(?:^|, )([A-Z][\w ]{0,40}): ?([^,]{0,200})")
_WEB_UI_KEYS = {"Steps", "Sampler", "Seed", "CFG scale"}
_INVOKE_KEYS = {"app_version", "generation_mode", "positive_prompt", "seed", "model", "steps"}
_INVOKE_OLD_KEYS = {"model", "app_id", "app_version", "image"}
_INVOKE_DREAM = re.compile(r'"[^"]{0,4000}" .{0,400}-S ?\d+')
_FOOOCUS_KEYS = {"prompt", "seed", "sampler", "steps", "base_model", "version"}
_NOVELAI_KEYS = {"steps", "sampler", "seed", "scale", "prompt"}


def read_generator_texts(texts: Sequence[tuple[str, str]]) -> list[FileClaim]:
    """One claim for each generator that these texts (keyword, text) are from."""
    by_keyword: dict[str, str] = {}
    for keyword, text in texts:
        by_keyword.setdefault(keyword, text)
    by_keyword |= _unwrap_novelai(by_keyword)
    readers = (_read_novelai, _read_invokeai, _read_comfyui, _read_fooocus)
    found = [claim for read in readers if (claim := read(by_keyword))]
    # Others write the web UI's form as well, beside their own.
    return found or [claim for claim in [_read_web_ui(by_keyword)] if claim]


def _declared(who: str, tool: object = None) -> FileClaim:
    return FileClaim("generator_text", "declared", who=who, tool=printable(tool))


def _read_web_ui(texts: Mapping[str, str]) -> FileClaim | None:
    for keyword in ("parameters", "comment"):
        pairs = _read_pairs(texts.get(keyword, ""))
        if pairs.keys() >= _WEB_UI_KEYS and pairs["Seed"].isdigit() and pairs["Steps"].isdigit():
            return _declared(_WEB_UI, pairs.get("Model"))
    return None


def _read_pairs(text: str) -> dict[str, str]:
    """The pairs of the last line that begins with `Steps: `."""
    at = 0 if text.startswith("Steps: ") else text.rfind("\nSteps: ") + 1
    if not text.startswith("Steps: ", at):
        return {}
    line = text[at : at + _MAX_PAIRS_CHARACTERS].split("\n", 1)[0]
    return {name: value.strip() for name, value in _PAIR.findall(line)}


def _read_comfyui(texts: Mapping[str, str]) -> FileClaim | None:
    """The graph that ran (`prompt`), or the one on the screen (`workflow`)."""
    graph = _read_object(texts.get("prompt", ""))
    kinds = [
        node["class_type"]
        for node in graph.values()
        if isinstance(node, dict) and isinstance(node.get("class_type"), str) and "inputs" in node
    ]
    if not kinds:
        workflow = _read_object(texts.get("workflow", ""))
        nodes = workflow.get("nodes")
        if not isinstance(nodes, list) or "links" not in workflow:
            return None
        kinds = [str(node.get("type")) for node in nodes if isinstance(node, dict)]
    if not kinds:
        return None
    # ComfyUI also crops, scales and retouches: only a sampler draws.
    draws = any("sampler" in kind.lower() for kind in kinds)
    return FileClaim("generator_text", "declared" if draws else "processed", who="ComfyUI")


def _read_invokeai(texts: Mapping[str, str]) -> FileClaim | None:
    settings = _read_object(texts.get("invokeai_metadata", ""))
    old = _read_object(texts.get("sd-metadata", ""))
    is_known = len(_INVOKE_KEYS & settings.keys()) >= 2 or len(_INVOKE_OLD_KEYS & old.keys()) >= 2
    if is_known or _INVOKE_DREAM.match(texts.get("Dream", "")):
        model = settings.get("model")
        return _declared("InvokeAI", model.get("name") if isinstance(model, dict) else None)
    return None


def _read_fooocus(texts: Mapping[str, str]) -> FileClaim | None:
    """Its own form is JSON; in the web UI's form its name stands as the version."""
    text = texts.get("parameters", "")
    settings = _read_object(text)
    says_fooocus = (
        "fooocus_scheme" in texts
        or texts.get("maker_note") == "fooocus"
        or str(settings.get("version", "")).startswith("Fooocus")
    )
    if says_fooocus and len(_FOOOCUS_KEYS & settings.keys()) >= 3:
        return _declared("Fooocus", settings.get("base_model"))
    pairs = _read_pairs(text)
    if pairs.get("Version", "").startswith("Fooocus") or (says_fooocus and "Seed" in pairs):
        return _declared("Fooocus", pairs.get("Model"))
    return None


def _read_novelai(texts: Mapping[str, str]) -> FileClaim | None:
    if texts.get("Software") != "NovelAI":
        return None
    settings = _read_object(texts.get("Comment", ""))
    return _declared("NovelAI", texts.get("Source")) if _NOVELAI_KEYS & settings.keys() else None


def _unwrap_novelai(texts: Mapping[str, str]) -> dict[str, str]:
    """In a WebP, NovelAI keeps the texts of a PNG as one JSON object in the user comment."""
    wrapped = _read_object(texts.get("parameters", ""))
    if wrapped.get("Software") != "NovelAI":
        return {}
    return {key: text for key, text in wrapped.items() if isinstance(text, str)}


def _read_object(text: str) -> dict[str, Any]:
    """A JSON object; empty where it is none."""
    if text.lstrip()[:1] != "{":
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
