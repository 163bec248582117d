"""What each part of the method adds, and what others' recipes reach: trained and set side by side.

    python -m benchmarks.comparisons --manifest MANIFEST --twins TWINS --out FOLDER [--split dev]
        [--only NAME]... [--share 0.5]

Trains every entry of `RUNS` by the same loop on the same data, exports it, and ends with one
`ntf evaluate` over all of them, the shipped detector first. What is there stays: stop it at any
time and give the command again. Hours on a CPU.
"""

import argparse
import subprocess
import sys
from pathlib import Path

# Name: preset, what is set otherwise, whether it sees twins.
RUNS: dict[str, tuple[str, dict[str, object], bool]] = {
    # The ablations, on frozen blocks. The sixth, the distance alone, is a score of the shipped one.
    "bce": ("heads", {"stage1_steps": 0, "contrast_weight": 0.0}, True),
    "supcon": ("heads", {"stage1_steps": 0, "trace_weight": 0.0}, True),
    "random-trace": ("heads", {"stage1_steps": 0}, True),
    "stage-1-weights": ("heads", {"trace_weight": 0.0}, True),
    "no-twins": ("heads", {"pairs": 0}, False),
    "whole": ("heads", {}, True),
    # Others' recipes.
    "clip-linear": ("clip-linear", {"crop_px": 128, "sides": [128]}, False),
    "resnet": ("resnet", {}, False),
    "npr": ("npr", {}, False),
}
CALIBRATION_IMAGES = "300"


def main() -> None:
    """Train, export, evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--twins", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--only", action="append", choices=RUNS)
    parser.add_argument("--share", type=float, default=1.0, help="of each preset's steps")
    given = parser.parse_args()
    folders = []
    for name in given.only or RUNS:
        folder = given.out / name
        if not (folder / "detector").exists():
            learn(name, folder, given)
        folders.append(folder / "detector")
    beside = [part for folder in folders for part in ("--also", str(folder))]
    out = ["--out", str(given.out / given.split)]
    only = ["--conditions", "jpeg-90", "--split", given.split, "--distance"]
    call("evaluate", "--manifest", given.manifest, *only, *beside, *out)


def learn(name: str, folder: Path, given: argparse.Namespace) -> None:
    """Train and export one entry."""
    from ntf.presets import PRESETS  # noqa: PLC0415  # after the help text

    preset, changes, sees_twins = RUNS[name]
    steps = {
        stage: round(int(str(changes.get(stage, getattr(PRESETS[preset], stage)))) * given.share)
        for stage in ("stage1_steps", "stage2_steps")
    }
    settings = [f"{key}={value}" for key, value in {**changes, **steps}.items()]
    sets = [part for setting in settings for part in ("--set", setting)]
    twins = ["--twins", given.twins] if sees_twins else []
    manifest = ["--manifest", given.manifest]
    call("train", "--preset", preset, *manifest, "--out", str(folder), *twins, *sets)
    # Its settings are there before it is calibrated: one that was stopped must not count as done.
    draft = folder / "draft"
    out = ["--out", str(draft), "--name", name, "--at-most", CALIBRATION_IMAGES]
    call("export", "--run", str(folder), *manifest, *out)
    draft.rename(folder / "detector")


def call(*words: str) -> None:
    """One `ntf` command, seen on the terminal; ends the program when it fails."""
    print("ntf", *words, flush=True)
    subprocess.run([sys.executable, "-m", "cli", *words], check=True)


if __name__ == "__main__":
    main()
