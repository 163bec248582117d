"""What must hold when all is over, read from the rows and the workers' logs."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scans.tables import OPEN_STATUSES, Check, PixelScore, Verdict
from tests.chaos.image_host import picture


@dataclass(frozen=True, slots=True)
class Findings:
    """Each must be zero, but for the last three, which are bounded or told.

    Attributes:
        lost: checks that the service answered for and that have no verdict.
        doubled: subjects that were judged more than once.
        wrong: checks whose image is not the one that was asked about.
        orphaned: scores without a verdict, verdicts of checks that are not done.
        repeated_batches: calls of the detector in which any picture had been looked at before.
        repeated_images: pictures looked at again.
        failed: checks that ended with an error, by its code; they count as lost.
    """

    lost: int
    doubled: int
    wrong: int
    orphaned: int
    repeated_batches: int
    repeated_images: int
    failed: dict[str, int]


def count_open(session: Session) -> int:
    """How many checks have not ended."""
    query = select(func.count()).select_from(Check).where(Check.status.in_(OPEN_STATUSES))
    return session.scalar(query) or 0


def examine(session: Session, taken: dict[str, int], seed: int, logs: Iterable[Path]) -> Findings:
    """Hold the rows against what the callers were told."""
    checks = {str(check.id): check for check in session.scalars(select(Check))}
    done = {one for one, check in checks.items() if check.status == "done" and check.verdict}
    judged = Counter(
        (check.tenant_id, check.subject) for check in checks.values() if check.verdict is not None
    )
    batches = list(read_batches(logs))
    return Findings(
        lost=len(taken.keys() - done),
        doubled=sum(count - 1 for count in judged.values()),
        wrong=sum(
            checks[one].image_sha256 != sha256(picture(seed, number)).hexdigest()
            for one, number in taken.items()
            if one in done
        ),
        orphaned=count_orphans(session),
        repeated_batches=count_repeated_batches(batches),
        repeated_images=sum(map(len, batches)) - len({one for batch in batches for one in batch}),
        failed=dict(
            Counter(check.error_code or "" for check in checks.values() if check.error_code)
        ),
    )


def count_orphans(session: Session) -> int:
    """Scores that no verdict stands on, and verdicts whose check is not done."""
    unused = select(func.count()).select_from(PixelScore)
    unused = unused.where(PixelScore.pixels_sha256.not_in(select(Verdict.pixels_sha256)))
    undone = select(func.count()).select_from(Verdict).join(Check).where(Check.status != "done")
    return (session.scalar(unused) or 0) + (session.scalar(undone) or 0)


def count_events(logs: Iterable[Path], event: str, **fields: str) -> int:
    """How many log lines tell of it."""
    wanted = {"event": event, **fields}
    return sum(wanted.items() <= line.items() for log in logs for line in read_lines(log, event))


def read_lines(log: Path, event: str) -> Iterable[dict[str, Any]]:
    """The lines of a log that may tell of an event."""
    for line in log.read_bytes().splitlines():
        if f'"{event}"'.encode() in line:
            try:
                yield json.loads(line)
            except ValueError:
                continue  # the last words of a killed process


def read_batches(logs: Iterable[Path]) -> Iterable[list[str]]:
    """The hashes of the pixels of each call of the detector, in the order of their ends."""
    told: list[tuple[str, list[str]]] = []
    for log in logs:
        for line in read_lines(log, "batch_looked_at"):
            told.append((line["timestamp"], line["pixels_sha256"]))
    return [hashes for _, hashes in sorted(told) if hashes]


def count_repeated_batches(batches: Iterable[list[str]]) -> int:
    """How many of them hold a picture that an earlier one held."""
    seen: set[str] = set()
    repeated = 0
    for batch in batches:
        repeated += bool(seen.intersection(batch))
        seen.update(batch)
    return repeated


def webhooks_lost(deliveries: list[tuple[str, str]], taken: Iterable[str]) -> int:
    """Checks that no delivery told of, and checks that two different events told of."""
    lost = 0
    for check_id in taken:
        ids = {webhook_id for webhook_id, body in deliveries if check_id in body}
        lost += len(ids) != 1
    return lost
