"""All benchmarks, one after the other: `make bench`. Figures go to `results.json` and a page.

    NTF_DATA=FOLDER python -m benchmarks.all [--only PART]... [--threads 2]

Each part runs in a process of its own, so none finds the caches or threads of another. On two cores
at rest all of it takes about a quarter of an hour; on a busy machine its figures say little, which
is why each is kept with the load of its moment.
"""

import argparse
import subprocess
import sys
import time

from benchmarks.page import draw

THREADS = ("--threads",)
# In this order: the limits first, and the simulation when there are stages to feed it with.
PARTS: dict[str, tuple[str, ...]] = {
    "limits": THREADS,
    "network": THREADS,
    "gpu": (),
    "decoding": (),
    "stages": THREADS,
    "end_to_end": (),
    "side_by_side": THREADS,
    "near_duplicates": (),
    "scale": (),
    "accuracy": THREADS,
}


def main() -> None:
    """Run the parts; a part that fails is told at the end, and does not stop the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    began, failed = time.monotonic(), []
    for part in given.only or PARTS:
        words = [str(given.threads)] if PARTS[part] else []
        command = [sys.executable, "-m", f"benchmarks.{part}", *PARTS[part], *words]
        if subprocess.run(command, check=False).returncode:
            failed.append(part)
        print(f"({part}: {(time.monotonic() - began) / 60:.1f} min since the start)", flush=True)
    print(f"\nDrew {draw()}")
    sys.exit(f"These parts failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
