"""What was measured, kept as JSON by part, and printed as tables."""

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

RESULTS = Path(__file__).with_name("results.json")
ENGINES = ("numpy", "onnxruntime", "openvino", "torch", "pillow", "simplejpeg")
# Flags of a processor that decide which precision pays.
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def keep(part: str, found: Mapping[str, Any], path: Path = RESULTS) -> None:
    """Write one part's figures, with the moment and the load of the machine; all else stays."""
    everything = json.loads(path.read_text()) if path.exists() else {}
    everything["machine"] = describe_machine()
    before = everything.get(part, {})
    everything[part] = {**before, **found, "measured": describe_moment()}
    path.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n")


def read(path: Path = RESULTS) -> dict[str, Any]:
    """Everything that was kept; nothing where nothing was measured yet."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def describe_machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "processor": processor_name(),
        "cores": psutil.cpu_count(),
        "flags": [flag for flag in FLAGS if flag in processor_flags()],
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: found for name in ENGINES if (found := version_of(name))},
    }


def describe_moment() -> dict[str, Any]:
    """When, and what else the machine was doing: processes that wanted to run, over a minute."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return {"at": now, "load_average": round(psutil.getloadavg()[0], 2)}


def processor_name() -> str:
    """As the kernel tells it."""
    return _cpuinfo("model name") or platform.machine()


def processor_flags() -> set[str]:
    """What the processor can do, in the kernel's words."""
    return set((_cpuinfo("flags") or _cpuinfo("Features")).split())


def _cpuinfo(key: str) -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return next((value.strip() for name, value in pairs if name.strip() == key), "")


def version_of(package: str) -> str | None:
    """The installed version; None where there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table in Markdown; None is an empty cell."""
    print(f"\n**{title}**\n")
    print(in_markdown(header, rows), flush=True)


def in_markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The lines of a table."""
    cells = [list(header), ["---"] * len(header), *([in_words(cell) for cell in r] for r in rows)]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def in_words(value: object) -> str:
    """Three figures of a number; an empty cell for what was not measured."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)
