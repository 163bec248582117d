"""What goes wrong, and when: all of it from one seed."""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.small_disk import SmallDisk
from tests.chaos.victims import PostgresqlVictim, Victim

PAUSE_SECONDS = (1.0, 6.0)
LATENCY_SECONDS, LATENCY_LASTS_SECONDS = 0.15, 3.0
HALF_OPEN_SECONDS = 4.0
FULL_DISK = "image folder full"
FULL_SECONDS, FILL_AGAIN_SECONDS = 3.0, 0.05
# Before a killed process runs again: so that others are seen to do without it.
AWAY_SECONDS = 1.0


class Faults:
    """Does one thing after the other until it is told to stop.

    Attributes:
        counts: how often each thing was done. `kills` counts those that end or freeze a process.
    """

    def __init__(
        self,
        seed: int,
        *,
        processes: dict[str, Victim],
        postgresql: PostgresqlVictim,
        proxies: dict[str, FaultProxy],
        broker: str,
        disk: SmallDisk | None,
        freeze_seconds: float,
        most_kills: int | None,
        most_seconds: float,
    ) -> None:
        self._random = random.Random(seed)
        self._processes = processes
        self._postgresql = postgresql
        self._proxies = proxies
        self._broker = broker
        self._disk = disk
        self._freeze_seconds = freeze_seconds
        self._most_kills = most_kills
        self._most_seconds = most_seconds
        self._stopping = threading.Event()
        self.counts: Counter[str] = Counter()
        self.kills = 0

    def run(self) -> None:
        """Draw and do, until `stop`, until there were enough kills or it took long enough."""
        began = time.monotonic()
        while not self._stopping.wait(self._random.uniform(*PAUSE_SECONDS)):
            if time.monotonic() - began > self._most_seconds:
                return
            if self._most_kills is not None and self.kills >= self._most_kills:
                return
            self._draw()()

    def stop(self) -> None:
        """Begin nothing else."""
        self._stopping.set()

    def _draw(self) -> Callable[[], None]:
        workers = [name for name in self._processes if name.startswith("worker")]
        kinds: list[tuple[int, Callable[[], None]]] = [
            (4, lambda: self._kill(self._random.choice(workers), signal.SIGKILL)),
            (2, lambda: self._kill(self._random.choice(workers), signal.SIGTERM)),
            (1, lambda: self._kill(self._random.choice(workers), signal.SIGQUIT)),
            (2, lambda: self._freeze(self._random.choice(workers))),
            (2, lambda: self._kill("api", signal.SIGKILL, to_group=True)),
            (1, lambda: self._kill("api", signal.SIGTERM)),
            # It learns, and beat is in it.
            (2, lambda: self._kill("retrain", signal.SIGKILL)),
            (1, lambda: self._kill("retrain", signal.SIGTERM)),
            (2, lambda: self._kill(self._broker, signal.SIGKILL, to_group=True)),
            (1, lambda: self._kill_postgresql(signal.SIGKILL)),
            (1, lambda: self._kill_postgresql(signal.SIGINT)),
            (2, lambda: self._break(self._random.choice([*self._proxies]), "latency")),
            (2, lambda: self._break(self._random.choice([*self._proxies]), "reset")),
            (2, lambda: self._break(self._random.choice([*self._proxies]), "half-open")),
        ]
        if self._disk is not None:
            kinds.append((2, partial(self._fill, self._disk)))
        weights, acts = zip(*kinds, strict=True)
        act: Callable[[], None] = self._random.choices(acts, weights)[0]
        return act

    def _kill(self, name: str, number: signal.Signals, *, to_group: bool = False) -> None:
        self._count(f"{name} {number.name}", is_kill=True)
        self._processes[name].send(number, to_group=to_group)
        self._stopping.wait(AWAY_SECONDS)
        # One that ends gently takes its time; the next round looks again.
        for victim in self._processes.values():
            victim.start_if_ended()

    def _kill_postgresql(self, number: signal.Signals) -> None:
        self._count(f"postgresql {number.name}", is_kill=True)
        self._postgresql.send(number)
        self._stopping.wait(AWAY_SECONDS)
        self._postgresql.start_if_ended()

    def _freeze(self, name: str) -> None:
        self._count(f"{name} frozen past its lease", is_kill=True)
        self._processes[name].send(signal.SIGSTOP)
        self._stopping.wait(self._freeze_seconds)
        self._processes[name].send(signal.SIGCONT)

    def _fill(self, disk: SmallDisk) -> None:
        self._count(FULL_DISK, is_kill=False)
        deadline = time.monotonic() + FULL_SECONDS
        try:
            while time.monotonic() < deadline:
                disk.fill()
                self._stopping.wait(FILL_AGAIN_SECONDS)
        finally:
            disk.make_room()

    def _break(self, name: str, kind: str) -> None:
        self._count(f"{name} {kind}", is_kill=False)
        proxy = self._proxies[name]
        if kind == "reset":
            proxy.reset()
        elif kind == "half-open":
            proxy.fall_silent(HALF_OPEN_SECONDS)
        else:
            proxy.slow_down(LATENCY_SECONDS)
            self._stopping.wait(LATENCY_LASTS_SECONDS)
            proxy.slow_down(0)

    def _count(self, what: str, *, is_kill: bool) -> None:
        self.counts[what] += 1
        self.kills += is_kill
