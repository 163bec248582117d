"""Whether a manifest is honest: can its classes be told apart without looking at the pictures?

Judged is what a network would be given, by a classifier that sees `ntf.file_facts` alone; and that
no picture stands in two splits. What the bounds mean, and what to do: docs/datasets.md.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ntf.datasets.shards import decode_image, open_image_bytes
from ntf.errors import AuditFailed, NtfError
from ntf.file_facts import given_facts, stored_facts
from ntf.manifest import Item, hash_manifest, name_in_manifest, read_manifest
from ntf.near_copies import Sketch, choose_dropped, find_crossing_pairs, sketch
from ntf.separability import Sample, can_split_sources, measure_auc, score_apart, score_by

# Raised when the same images may be judged otherwise; an audit that was kept is then made again.
VERSION = 1
TRAIN = "train"
CROP_PX = 160
# An AUC of 0.6 lets 2.5 % through at 1 % false alarms, where chance lets 1 %: no use to a detector.
# The lower end of the interval is what counts, so that nothing fails for having few sources.
FAILS_ABOVE_AUC = 0.6
MAX_JUDGED = 5000  # of each class of a split
MIN_JUDGED = 20

CLASSES = ("real", "ai")
STORED, GIVEN, CONTENT = "as stored", "as given", "content"
APART, MIXED, FROM_TRAIN = "sources apart", "images apart", "learned on train"


@dataclass(frozen=True, slots=True)
class Judgement:
    """How well one view of a split's files tells their class.

    Attributes:
        view: `as stored`, `as given` to a network, or `content` (reported, never judged).
        how: cross-validated with `sources apart`, or with `images apart` where a class has one
            source only; or `learned on train`.
        auc, low, high: and the 95 % interval, by a bootstrap over sources.
        fails: training must not start on this.
    """

    split: str
    view: str
    how: str
    images: int
    auc: float
    low: float
    high: float
    fails: bool


@dataclass(frozen=True, slots=True)
class Copy:
    """Two files that show one picture, in two splits."""

    first: str
    second: str
    distance_bits: int


@dataclass(frozen=True, slots=True)
class Audit:
    """All that was found. Files are named as in the manifest.

    Attributes:
        not_judged: splits with too few images of a class.
        seen: for each split but `train`, the sources by class that `train` has too.
        dropped: files to leave out, so that no picture stands in two splits and all can be read.
        failures: sentences; empty where the manifest passes.
    """

    manifest_sha256: str
    images: int
    judgements: Sequence[Judgement]
    not_judged: Sequence[str]
    copies: Sequence[Copy]
    seen: Mapping[str, Mapping[str, Sequence[str]]]
    unreadable: Sequence[str]
    dropped: Sequence[str]
    failures: Sequence[str]


class _Facts(NamedTuple):
    """One image: `views` are its numbers as stored, as given, and of its content."""

    views: Mapping[str, NDArray[np.float32]]
    sketch: Sketch


def require_audit_passes(manifest: Path, folder: Path, threads: int = 1) -> None:
    """Refuse a manifest that fails. What was found is kept in `folder`: asking again is cheap.

    Raises:
        AuditFailed: it fails; the message says why and what to do.
        ManifestInvalid: it cannot be read.
    """
    kept = folder / f"audit-{VERSION}-{hash_manifest(manifest)[:16]}.json"
    if kept.exists():
        failures = json.loads(kept.read_text())["failures"]
    else:
        audit = audit_manifest(manifest, threads)
        folder.mkdir(parents=True, exist_ok=True)
        write_audit(audit, kept)
        failures = audit.failures
    if failures:
        raise AuditFailed(" ".join([f"{manifest} fails its audit.", *failures]))


def write_audit(audit: Audit, path: Path) -> None:
    """All that was found, as JSON; whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(audit), indent=2))
    part.replace(path)


def audit_manifest(manifest: Path, threads: int = 1) -> Audit:
    """Read every image of a manifest once, and judge what was read.

    Raises:
        ManifestInvalid: it cannot be read.
    """
    items = read_manifest(manifest)
    with ThreadPoolExecutor(threads) as pool:
        found = list(
            tqdm(pool.map(_read_facts, items), total=len(items), desc="audit", disable=None)
        )
    unreadable = [
        name_in_manifest(item, manifest)
        for item, facts in zip(items, found, strict=True)
        if facts is None
    ]
    read = [item for item, facts in zip(items, found, strict=True) if facts]
    known = [facts for facts in found if facts]
    names = [name_in_manifest(item, manifest) for item in read]
    splits = [item.split for item in read]
    pairs = find_crossing_pairs([facts.sketch for facts in known], splits)
    copies = [Copy(names[pair.first], names[pair.second], pair.distance) for pair in pairs]
    copied = sorted(names[index] for index in choose_dropped(pairs, splits))
    samples = choose_samples(read)
    judgements = [
        judgement
        for view in (STORED, GIVEN, CONTENT)
        for judgement in judge_view(view, read, known, samples)
    ]
    return Audit(
        manifest_sha256=hash_manifest(manifest),
        images=len(items),
        judgements=judgements,
        not_judged=sorted({item.split for item in items} - samples.keys()),
        copies=copies,
        seen=list_seen(items),
        unreadable=unreadable,
        dropped=[*copied, *unreadable],
        failures=state_failures(judgements, len(copies), len(copied), unreadable),
    )


def _read_facts(item: Item) -> _Facts | None:
    """None where the image cannot be decoded."""
    try:
        stored = stored_facts(open_image_bytes(item.path))
        pixels = decode_image(item.path)
    except (OSError, ValueError, SyntaxError, NtfError):
        return None
    given, content = given_facts(pixels, CROP_PX)
    return _Facts({STORED: stored, GIVEN: given, CONTENT: content}, sketch(pixels))


def choose_samples(items: Sequence[Item]) -> dict[str, list[int]]:
    """For each split with enough images of both classes, those that are judged, by index."""
    classes: dict[str, dict[bool, list[int]]] = defaultdict(lambda: {False: [], True: []})
    for index in np.random.default_rng(0).permutation(len(items)).tolist():
        classes[items[index].split][items[index].is_ai].append(index)
    return {
        split: by_class[False][:MAX_JUDGED] + by_class[True][:MAX_JUDGED]
        for split, by_class in sorted(classes.items())
        if min(len(by_class[False]), len(by_class[True])) >= MIN_JUDGED
    }


def judge_view(
    view: str,
    items: Sequence[Item],
    facts: Sequence[_Facts],
    samples: Mapping[str, Sequence[int]],
) -> Iterator[Judgement]:
    """One view of each split: cross-validated in it, and by what was learned on `train`."""
    numbers = {
        split: Sample(
            np.stack([facts[index].views[view] for index in indices]),
            np.array([items[index].is_ai for index in indices]),
            np.array([items[index].source for index in indices]),
        )
        for split, indices in samples.items()
    }
    for split, sample in numbers.items():
        scored = {APART if can_split_sources(sample) else MIXED: score_apart(sample)}
        if split != TRAIN and TRAIN in numbers:
            scored[FROM_TRAIN] = score_by(numbers[TRAIN], sample)
        for how, scores in scored.items():
            auc, low, high = measure_auc(scores, sample)
            fails = view == GIVEN and low > FAILS_ABOVE_AUC
            yield Judgement(split, view, how, len(scores), auc, low, high, fails)


def list_seen(items: Sequence[Item]) -> dict[str, dict[str, list[str]]]:
    """For each split but `train`: the `real` and `ai` sources that `train` has by the same name."""
    sources = defaultdict(set)
    for item in items:
        sources[item.split, CLASSES[item.is_ai]].add(item.source)
    return {
        split: {label: sorted(sources[split, label] & sources[TRAIN, label]) for label in CLASSES}
        for split in sorted({item.split for item in items} - {TRAIN})
    }


def state_failures(
    judgements: Sequence[Judgement], pairs: int, copied: int, unreadable: Sequence[str]
) -> list[str]:
    """A sentence for each thing that is wrong, with what to do."""
    said = [
        f"In `{one.split}` the files tell their class without the picture: AUC {one.auc:.2f} "
        f"({one.low:.2f} to {one.high:.2f}, {one.how}) for what a network is given, where up to "
        f"{FAILS_ABOVE_AUC} passes. Give both classes the same sizes and the same compressions "
        "(docs/datasets.md)."
        for one in judgements
        if one.fails
    ]
    if pairs:
        said.append(
            f"{pairs} pairs of near-copies lie in two splits. Leave {copied} images out: "
            "`ntf audit MANIFEST --write-clean CLEAN.tsv`, and use that."
        )
    if unreadable:
        said.append(
            f"{len(unreadable)} images cannot be read, such as {unreadable[0]}. Leave them out in "
            "the same way, or fetch them again."
        )
    return said
