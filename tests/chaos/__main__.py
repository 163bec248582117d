"""`python -m tests.chaos`: checks are asked for while everything is killed. Nothing may be lost.

Runs the real processes in a temporary folder: API, two workers, the one that learns (with beat),
PostgreSQL, Valkey or RabbitMQ, with a fault proxy before each server, and the image folder on a
small file system where root may mount one. It stands with the tests and not with the benchmarks,
because it passes or fails; and by itself, because it takes minutes.
"""

import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
import requests

from tests.chaos.callers import Taken, ask_for_checks
from tests.chaos.faults import FULL_DISK, Faults
from tests.chaos.image_host import ImageHost
from tests.chaos.invariants import (
    Findings,
    count_events,
    count_open,
    examine,
    webhooks_lost,
)
from tests.chaos.service import (
    BEAT_SECONDS,
    LEASE_SECONDS,
    WORKERS,
    Broker,
    Service,
    running_service,
)
from tests.chaos.small_disk import MIB, SmallDisk

START_SECONDS, END_SECONDS, WEBHOOKS_SECONDS = 60, 150, 60
# Then all is calm, so that the whole takes less than ten minutes on two busy cores.
FAULTS_SECONDS = 330
FREEZE_SECONDS = LEASE_SECONDS + 2.5
TICKS_WANTED, TICKS_OFF, BEAT_BACK_SECONDS = 5, 2, 60


@click.command()
@click.option("--checks", default=2000, show_default=True, help="How many checks are asked for.")
@click.option("--per-second", default=8.0, show_default=True, help="How fast they are asked for.")
@click.option("--seed", default=1, show_default=True, help="Draws the pictures and the faults.")
@click.option("--most-kills", type=int, help="Then nothing else goes wrong.  [default: no limit]")
@click.option(
    "--broker", type=click.Choice(["valkey", "rabbitmq"]), default="valkey", show_default=True
)
@click.option("--keep", is_flag=True, help="Leave the folder with the logs behind.")
def main(
    checks: int, per_second: float, seed: int, most_kills: int | None, broker: Broker, keep: bool
) -> None:
    """Ask for CHECKS checks while processes are killed; exit 0 only when nothing was lost."""
    folder = Path(tempfile.mkdtemp(prefix="ntf-chaos-"))
    folder.chmod(0o755)  # the database runs as a user of its own where we are root
    began = time.monotonic()
    print(f"seed {seed}, {checks} checks, {per_second:g} a second, in {folder}", flush=True)
    with (
        ImageHost() as host,
        running_service(folder, host.port, broker=broker, checks=checks) as service,
    ):
        tell_disk(service.disk)
        wait_until_up(service)
        has_webhooks = subscribe(service, host)
        faults = make_faults(service, seed, most_kills)
        taken = run_both(service, host, faults, seed=seed, count=checks, per_second=per_second)
        print(f"asked for after {time.monotonic() - began:.0f} s", flush=True)
        heal(service)
        wait_until_all_ended(service, seconds=END_SECONDS)
        print(f"ended after {time.monotonic() - began:.0f} s", flush=True)
        if has_webhooks:
            wait_for_webhooks(host, taken, seconds=WEBHOOKS_SECONDS)
        ticks = count_ticks(service)
        logs = [victim.log for name, victim in service.processes.items() if "worker" in name]
        with service.sessions.begin() as session:
            findings = examine(session, taken.checks, seed, logs)
    lost_webhooks = webhooks_lost(host.webhooks, taken.checks) if has_webhooks else 0
    tell(findings, taken, faults, has_webhooks=has_webhooks, deliveries=len(host.webhooks))
    print(f"beat sent {ticks} in {TICKS_WANTED * BEAT_SECONDS:g} s")
    holds = (
        is_sound(findings, most_repeated(faults), checks, taken)
        and lost_webhooks == 0
        and abs(ticks - TICKS_WANTED) <= TICKS_OFF
    )
    if keep or not holds:
        print(f"logs are kept in {folder}")
    else:
        shutil.rmtree(folder)
    print(
        f"lost={findings.lost + checks - len(taken.checks)} doubled={findings.doubled} "
        f"webhooks_lost={lost_webhooks} kills={faults.kills} checks={len(taken.checks)}"
    )
    sys.exit(0 if holds else 1)


def make_faults(service: Service, seed: int, most_kills: int | None) -> Faults:
    """The faults of this seed over this service."""
    return Faults(
        seed,
        processes=service.processes,
        postgresql=service.postgresql,
        proxies=service.proxies,
        broker=service.broker,
        disk=service.disk,
        freeze_seconds=FREEZE_SECONDS,
        most_kills=most_kills,
        most_seconds=FAULTS_SECONDS,
    )


def wait_until_up(service: Service) -> None:
    """Until the API is ready."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if requests.get(f"{service.address}/readyz", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        if time.monotonic() > deadline:
            raise click.ClickException("The service does not start.")
        time.sleep(0.2)


def subscribe(service: Service, host: ImageHost) -> bool:
    """Ask for webhooks, where this build has them."""
    paths = requests.get(f"{service.address}/openapi.json", timeout=30).json()["paths"]
    if "/v1/webhooks" not in paths:
        return False
    answer = requests.post(
        f"{service.address}/v1/webhooks",
        json={"url": f"http://127.0.0.1:{host.port}/webhook", "events": ["check.done"]},
        headers={"Authorization": f"Bearer {service.key}"},
        timeout=30,
    )
    answer.raise_for_status()
    return True


def run_both(
    service: Service, host: ImageHost, faults: Faults, *, seed: int, count: int, per_second: float
) -> Taken:
    """Ask for checks while things go wrong."""
    breaking = threading.Thread(target=faults.run)
    breaking.start()
    try:
        return ask_for_checks(
            service.address, service.key, host, seed=seed, count=count, per_second=per_second
        )
    finally:
        faults.stop()
        breaking.join()


def heal(service: Service) -> None:
    """Everything runs again, and goes on running until all has ended."""
    service.postgresql.start_if_ended()
    for proxy in service.proxies.values():
        proxy.slow_down(0)


def wait_until_all_ended(service: Service, *, seconds: float) -> None:
    """Until no check is open, or for that long: what is open then is lost."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        # A process that was told to end gently may end only now.
        for victim in service.processes.values():
            victim.start_if_ended()
        with service.sessions.begin() as session:
            if count_open(session) == 0:
                return
        time.sleep(0.5)


def count_ticks(service: Service) -> int:
    """How often beat sends something in the time of `TICKS_WANTED`, once it sends again at all.

    None may be lost for ever with a process that was killed, and none may go on beside its heir.
    """
    log = [service.processes["retrain"].log]

    def sent() -> int:
        return count_events(log, "canary_weighed")

    deadline, before = time.monotonic() + BEAT_BACK_SECONDS, sent()
    while sent() == before and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(2 * BEAT_SECONDS)  # what had waited at the broker is no tick
    before = sent()
    time.sleep(TICKS_WANTED * BEAT_SECONDS)
    return sent() - before


def tell_disk(disk: SmallDisk | None) -> None:
    """Whether the image folder can be full."""
    if disk is None:
        print("NOTE: no file system may be mounted here, so the image folder is never full")
    else:
        print(f"the image folder is a file system of {disk.size_bytes / MIB:.0f} MiB", flush=True)


def wait_for_webhooks(host: ImageHost, taken: Taken, *, seconds: float) -> None:
    """Until each check was told of, or for that long."""
    deadline = time.monotonic() + seconds
    while webhooks_lost(host.webhooks, taken.checks) and time.monotonic() < deadline:
        time.sleep(1)


def most_repeated(faults: Faults) -> int:
    """How many batches may be looked at again: one for each kill, few for each full disk.

    Whoever looks while the last room goes can keep nothing, and both workers may do so twice.
    """
    return faults.kills + 2 * WORKERS * faults.counts[FULL_DISK]


def is_sound(findings: Findings, may_repeat: int, checks: int, taken: Taken) -> bool:
    """Whether nothing is lost, doubled or wrong, and little looked at again.

    Args:
        may_repeat: batches that may be looked at again.
    """
    zeros = (findings.lost, findings.doubled, findings.wrong, findings.orphaned)
    return (
        not any(zeros) and len(taken.checks) == checks and findings.repeated_batches <= may_repeat
    )


def tell(
    findings: Findings, taken: Taken, faults: Faults, *, has_webhooks: bool, deliveries: int
) -> None:
    """The counts, before the last line."""
    for what, count in sorted(faults.counts.items()):
        print(f"  {count:4} {what}")
    print(
        f"callers asked again {taken.repeats} times; wrong={findings.wrong} "
        f"orphaned={findings.orphaned} repeated_batches={findings.repeated_batches} "
        f"repeated_images={findings.repeated_images} failed={findings.failed}"
    )
    if has_webhooks:
        print(f"{deliveries} webhooks came")
    else:
        print("NOTE: webhooks are not in this build; webhooks_lost says nothing")


if __name__ == "__main__":
    main()
