"""Time of one image through the shipped detector, decoded pixels in, all its crops.

python -m benchmarks.one_image [THREADS]; the photographs are those of scikit-image.
"""

import statistics
import sys
import time

from skimage import data

from ntf.predictor import Predictor

ROUNDS = 10


def main() -> None:
    """Print the median and the slowest tenth."""
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    predictor = Predictor.load(threads=threads)
    photographs = [data.astronaut(), data.coffee(), data.chelsea()]
    predictor.predict(photographs)
    taken = []
    for _ in range(ROUNDS):
        for photograph in photographs:
            start = time.perf_counter()
            predictor.predict([photograph])
            taken.append((time.perf_counter() - start) * 1000)
    slow = statistics.quantiles(taken, n=10)[-1]
    print(
        f"{predictor.info.version}: median {statistics.median(taken):.0f} ms, "
        f"90th percentile {slow:.0f} ms, {len(taken)} runs, {threads} threads"
    )


if __name__ == "__main__":
    main()
