"""The page with plots, from `results.json` alone: python -m benchmarks.page."""

import base64
import html
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")
from matplotlib import pyplot as plt

from benchmarks.results import RESULTS, in_words, read

PAGE = Path("build/benchmarks/index.html")
STYLE = "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto}img{max-width:100%}"


def draw(results: Path = RESULTS, page: Path = PAGE) -> Path:
    """Write the page; what was not measured is left out. Returns where it is."""
    found = read(results)
    machine = found.get("machine", {})
    head = ", ".join(f"{name}: {value}" for name, value in machine.items() if name != "packages")
    parts = ["<h1>Benchmarks</h1>", f"<p>{html.escape(head)}</p>"]
    for title, values, unit, part in plots(found):
        moment = found[part]["measured"]
        parts.append(f"<h2>{html.escape(title)}</h2>")
        parts.append(f"<p>{moment['at']}, load average {moment['load_average']}</p>")
        parts.append(f'<img alt="{html.escape(title)}" src="{bars(values, unit)}">')
    page.parent.mkdir(parents=True, exist_ok=True)
    document = f"<!doctype html><meta charset=utf-8><title>Benchmarks</title><style>{STYLE}</style>"
    page.write_text(document + "\n".join(parts))
    return page


def plots(found: Mapping[str, Any]) -> list[tuple[str, dict[str, float], str, str]]:
    """Title, values by name, unit, and the part that they are from."""
    chosen: list[tuple[str, dict[str, float], str, str]] = []
    if "cpu" in found:
        rates = found["cpu"]["images_a_second"]
        values = {name: one["batch_1"]["images_a_second"] for name, one in rates.items()}
        chosen.append(("The network alone", values, "images a second", "cpu"))
        shares = {name: 100 * one["batch_1"]["share_of_peak"] for name, one in rates.items()}
        chosen.append(("Share of the fp32 product", shares, "%", "cpu"))
    if "side_by_side" in found:
        others = found["side_by_side"]["detectors"]
        values = {name: one["onnxruntime"] or one["torch"] for name, one in others.items()}
        title = "Side by side, random weights"
        chosen.append((title, values, "images a second", "side_by_side"))
    for size, stages in found.get("stages", {}).get("milliseconds", {}).items():
        chosen.append((f"One check of {size} px by stage", stages, "ms", "stages"))
    if "check" in found:
        for name in ("p50_ms", "p95_ms"):
            values = {rate: one[name] for rate, one in found["check"]["rates"].items()}
            chosen.append((f"Upload to verdict, {name[:3]}", values, "ms", "check"))
    return chosen


def bars(values: Mapping[str, float], unit: str) -> str:
    """A bar chart as an address that holds the picture itself."""
    figure, axes = plt.subplots(figsize=(8, 0.6 + 0.4 * len(values)), layout="constrained")
    drawn = axes.barh(list(values), list(values.values()), color="#4b1678")
    axes.bar_label(drawn, [in_words(float(value)) for value in values.values()], padding=3)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.margins(x=0.12)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    plt.close(figure)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


if __name__ == "__main__":
    print(draw())
