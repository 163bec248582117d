"""Near-duplicate look-ups among 1 and 5 million hashes of 256 bits: memory, time, what is found.

    python -m benchmarks.near_duplicates [--millions 1 5]

Hashes are random, and each query is one of them with some bits turned: what is counted as found are
the queries whose origin comes back. faiss (flat, multi-hash) and usearch (HNSW).
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray
from usearch.index import Index

from benchmarks.results import keep, print_table

BITS, QUERIES = 256, 200
TURNED = (8, 15, 31)
# Tables and bits of the multi-hash: any hash within 7 bits agrees in one of 8 parts; with one more
# bit turned in each part, any within 15.
PARTS, PART_BITS, TURNED_IN_PART = 8, 24, 1

Bytes = NDArray[np.uint8]
Search = Callable[[Bytes], NDArray[np.int64]]


def main() -> None:
    """Print the table, and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=float, nargs="+", default=[1.0, 5.0])
    parser.add_argument("--with-hnsw", action="store_true", help="usearch too: minutes to build")
    given = parser.parse_args()
    measure(given.millions, with_hnsw=given.with_hnsw)


def measure(millions: list[float], *, with_hnsw: bool = False) -> None:
    """Every index at every size."""
    rows, found = [], {}
    for count in millions:
        hashes = np.random.default_rng(0).integers(0, 256, (int(count * 1e6), BITS // 8), np.uint8)
        builders = {"faiss flat": build_flat, "faiss multi-hash": build_multi_hash}
        if with_hnsw:
            builders["usearch HNSW"] = build_hnsw
        for name, build in builders.items():
            figures = describe(hashes, build)
            found[f"{name}, {count:g} million"] = figures
            rows.append([name, count, *figures.values()])
    keep("near_duplicates", {"indexes": found, "queries": QUERIES})
    turned = [f"found at {bits} bits, %" for bits in TURNED]
    print_table("Near duplicates", ["index", "million", "built in s", "ms a query", *turned], rows)


def describe(hashes: Bytes, build: Callable[[Bytes], Search]) -> dict[str, float]:
    """Time to build, time of a query, and the share found by the number of turned bits."""
    start = time.perf_counter()
    search = build(hashes)
    figures = {"build_s": time.perf_counter() - start, "query_ms": 0.0}
    rng = np.random.default_rng(1)
    for bits in TURNED:
        wanted = rng.integers(0, len(hashes), QUERIES)
        queries = turn_bits(hashes[wanted], bits, rng)
        start = time.perf_counter()
        nearest = search(queries)
        figures["query_ms"] = (time.perf_counter() - start) / QUERIES * 1e3
        figures[f"found_{bits}"] = 100 * float((nearest == wanted).mean())
    return figures


def turn_bits(hashes: Bytes, count: int, rng: np.random.Generator) -> Bytes:
    """Each hash with as many of its bits the other way round."""
    bits = np.unpackbits(hashes, axis=1)
    for row in bits:
        row[rng.choice(BITS, count, replace=False)] ^= 1
    return np.packbits(bits, axis=1)


def build_flat(hashes: Bytes) -> Search:
    """Every hash is compared."""
    index = faiss.IndexBinaryFlat(BITS)
    index.add(hashes)
    return lambda queries: nearest_of(index, queries)


def build_multi_hash(hashes: Bytes) -> Search:
    """Only hashes that agree in one part are compared."""
    index = faiss.IndexBinaryMultiHash(BITS, PARTS, PART_BITS)
    index.add(hashes)
    index.nflip = TURNED_IN_PART
    return lambda queries: nearest_of(index, queries)


def build_hnsw(hashes: Bytes) -> Search:
    """A graph of neighbours, which finds nearly all."""
    index = Index(ndim=BITS, metric="hamming", dtype="b1")
    index.add(np.arange(len(hashes)), hashes)
    return lambda queries: np.array([found[0].key for found in index.search(queries, 1)])


def nearest_of(index: Any, queries: Bytes) -> NDArray[np.int64]:
    """The number of the nearest hash of each query; -1 where none was found."""
    nearest: NDArray[np.int64] = index.search(queries, 1)[1][:, 0]
    return nearest


if __name__ == "__main__":
    main()
