"""A detector's folder with new heads: the same graphs, and one small file."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from ntf.heads import HEADS, Heads, save_heads
from ntf.predictor import SETTINGS


def assemble(
    base: Path, settings: dict[str, Any], heads: Heads, features: Path, out: Path, *, day: str
) -> str:
    """Write a whole folder that `Predictor.load` takes, and that can be learned from again.

    Graphs are linked to those of `base` where the file system lets us, else copied. The folder
    appears under its name when it is whole.

    Args:
        day: as in `2026.11.24`, for the version. out: the folder of all versions.

    Returns: the version, which is the name of the folder in `out`.
    """
    out.mkdir(parents=True, exist_ok=True)
    part = out / f".part-{os.getpid()}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    branch = dict(settings["branches"][0])
    graphs = {name: digest for name, digest in branch["files"].items() if name != HEADS}
    for name in graphs:
        _link_or_copy(base / name, part / name)
    _link_or_copy(features, part / features.name)
    save_heads(heads, part / HEADS)
    digest = hashlib.sha256((part / HEADS).read_bytes()).hexdigest()
    branch |= {"heads": HEADS, "files": graphs | {HEADS: digest}}
    name = settings["info"]["name"]
    said = json.dumps(settings["calibration"], sort_keys=True) + digest + "".join(graphs.values())
    version = f"{name}-{day}-{hashlib.sha256(said.encode()).hexdigest()[:8]}"
    written = settings | {
        "info": settings["info"] | {"version": version},
        "branches": [branch],
        "learned_from": settings["info"]["version"],
    }
    (part / SETTINGS).write_text(json.dumps(written, indent=1) + "\n")
    folder = out / version
    if folder.exists():
        shutil.rmtree(part)
    else:
        part.replace(folder)
    return version


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
