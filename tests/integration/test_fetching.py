"""What a fetch leaves in rows: known images are not sent again, and workers share hosts' turns."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from images.decode import DecodeLimits, decode_image
from images.errors import HostBusy
from images.hashes import sha256_hex
from images.provenance.read import read_provenance
from images.provenance.trust_list import NO_TRUST_LIST
from images.safe_fetch import (
    FetchedImage,
    FetchPolicy,
    Network,
    NotModified,
    Validators,
    fetch_image,
)
from scans.checks import WantedCheck, create_or_get
from scans.database import Reads
from scans.host_turns import forget_past_turns
from scans.image_store import FolderStore, ImageStore
from scans.keys import recognise_key
from scans.queue import Claim, claim_checks
from scans.settings import Settings
from scans.tables import Check, FetchedUrl, HostTurn
from tests.hostile.behaviours import ETAG, LAST_MODIFIED, PNG
from tests.hostile.hostile_server import HostileServer
from tests.integration.conftest import close_connections, make_key
from worker.fetch_image import FetchTools
from worker.fetch_image import fetch_image as fetch_step
from worker.shared_turns import SharedTurns

Sessions = sessionmaker[Session]


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as running:
        yield running


@pytest.fixture
def tools(server: HostileServer, sessions: Sessions, reads: Reads, store: ImageStore) -> FetchTools:
    """The worker's tools, with loopback open."""
    policy = FetchPolicy(allow_private_addresses=True, allowed_ports=frozenset({server.port}))
    network = Network(turns=SharedTurns(reads, requests_per_second=1000))

    def fetch(url: str, known: Validators | None) -> FetchedImage | NotModified:
        return fetch_image(url, policy, network, known=known)

    limits = DecodeLimits(max_pixels=1_000_000)
    return FetchTools(
        sessions,
        reads,
        store,
        fetch,
        decode=lambda content: decode_image(content, limits),
        read_provenance=lambda content, media_type: read_provenance(
            content, media_type, NO_TRUST_LIST
        ),
    )


def claim_check_of(url: str, sessions: Sessions, tenant: str) -> Claim:
    secret = make_key(sessions, tenant)
    with sessions.begin() as session:
        tenant_id = recognise_key(session, secret).tenant_id
        create_or_get(session, WantedCheck(tenant_id, subject=url, url=url))
    with sessions.begin() as session:
        (claim,) = claim_checks(session, "fetch", limit=1, lease_seconds=60, attempts_cap=3)
    return claim


def run_check_of(url: str, tools: FetchTools, tenant: str) -> Check:
    claim = claim_check_of(url, tools.sessions, tenant)
    fetch_step(claim, tools)
    with tools.sessions.begin() as session:
        return session.get_one(Check, claim.check_id)


@pytest.mark.parametrize("path", ["/known.png", "/redirect?/known.png"])
def test_a_known_image_is_not_sent_again(
    path: str, server: HostileServer, tools: FetchTools
) -> None:
    first = run_check_of(server.url(path), tools, "first")
    again = run_check_of(server.url(path), tools, "second")
    assert first.status == again.status == "detecting"
    assert first.image_sha256 == again.image_sha256 == sha256_hex(PNG)
    asked = [head for head in server.request_heads if head.startswith("GET /known.png ")]
    assert [f"If-None-Match: {ETAG}\r\n" in head for head in asked] == [False, True]
    with tools.sessions.begin() as session:
        row = session.scalars(select(FetchedUrl)).one()
    assert (row.final_url, row.etag) == (server.url("/known.png"), ETAG)
    assert row.last_modified == LAST_MODIFIED


def test_an_image_whose_bytes_are_gone_is_fetched_whole(
    server: HostileServer, tools: FetchTools
) -> None:
    run_check_of(server.url("/known.png"), tools, "first")
    tools.store.forget("incoming", sha256_hex(PNG))
    run_check_of(server.url("/known.png"), tools, "second")
    assert "If-None-Match" not in server.request_heads[1]
    assert tools.store.read("incoming", sha256_hex(PNG)) == PNG


def test_a_fetch_writes_nothing_among_what_is_kept(
    server: HostileServer, tools: FetchTools, tmp_path: Path
) -> None:
    """In the containers the folders `bytes` and `heatmaps` are closed to the fetching workers."""
    run_check_of(server.url("/known.png"), replace(tools, store=FolderStore(tmp_path)), "first")
    assert {path.name for path in tmp_path.iterdir()} == {"incoming", "pixels"}


def test_a_changed_image_replaces_what_was_known(server: HostileServer, tools: FetchTools) -> None:
    run_check_of(server.url("/known.png"), tools, "first")
    with tools.sessions.begin() as session:
        session.execute(update(FetchedUrl).values(etag='"old"', last_modified=None))
    check = run_check_of(server.url("/known.png"), tools, "second")
    assert check.status == "detecting"
    assert 'If-None-Match: "old"' in server.request_heads[1]
    with tools.sessions.begin() as session:
        assert session.scalars(select(FetchedUrl.etag)).one() == ETAG


def test_an_image_without_validators_leaves_no_row(
    server: HostileServer, tools: FetchTools
) -> None:
    run_check_of(server.url("/image.png"), tools, "first")
    with tools.sessions.begin() as session:
        assert session.scalar(select(func.count()).select_from(FetchedUrl)) == 0


def test_workers_with_their_own_connections_share_a_pace(
    settings: Settings, sessions: Sessions, reads: Reads
) -> None:
    """Sixty askers at once, at ten a second: eleven may go now, and twenty more within two."""
    workers = [Reads(settings.database_url) for _ in range(3)]
    waits: list[float] = []
    refused: list[float] = []
    start = threading.Barrier(60)
    with sessions.begin() as session:
        begun_at = session.scalar(select(func.now()))

    def ask(turns: SharedTurns) -> None:
        start.wait()
        try:
            waits.append(turns.take("photos.example", 10))
        except HostBusy as busy:
            refused.append(busy.after_seconds)

    askers = [
        threading.Thread(target=ask, args=(SharedTurns(worker, requests_per_second=10),))
        for worker in workers
        for _ in range(20)
    ]
    started = time.monotonic()
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    took_seconds = time.monotonic() - started
    for worker in workers:
        close_connections(worker.sessions)
    assert len(waits) + len(refused) == 60
    # More than 31 where asking itself took time.
    assert 31 <= len(waits) <= 32 + 10 * took_seconds
    assert max(waits) <= 2.01
    assert min(refused) > 1.5
    # Each turn was given out once: the row has moved on by a tenth of a second for each.
    with sessions.begin() as session:
        paid = session.scalar(select(HostTurn.paid_until)) - begun_at
    assert len(waits) / 10 <= paid.total_seconds() < len(waits) / 10 + took_seconds + 1
    assert SharedTurns(reads, 10).take("other.example", 10) == 0


def test_a_pause_holds_for_every_worker_and_is_never_shortened(reads: Reads) -> None:
    SharedTurns(reads, 10).pause("photos.example", 60)
    SharedTurns(reads, 10).pause("photos.example", 1)
    with pytest.raises(HostBusy) as caught:
        SharedTurns(reads, 10).take("photos.example", 30)
    assert 55 < caught.value.after_seconds <= 60


def test_past_turns_are_forgotten_and_others_kept(sessions: Sessions, reads: Reads) -> None:
    SharedTurns(reads, 1000).take("past.example", 1)
    SharedTurns(reads, 10).pause("photos.example", 60)
    with sessions.begin() as session:
        session.execute(
            update(HostTurn)
            .where(HostTurn.host == "past.example")
            .values(paid_until=func.now() - func.make_interval(0, 0, 0, 0, 0, 0, 1))
        )
        forget_past_turns(session)
        assert session.scalars(select(HostTurn.host)).all() == ["photos.example"]


def test_a_busy_host_costs_a_check_time_and_no_attempt(tasks: object, sessions: Sessions) -> None:
    claim = claim_check_of("http://photos.example/a", sessions, "first")
    assert claim.attempt == 1

    def be_told_to_wait(_claim: Claim) -> None:
        raise HostBusy(60)

    tasks.settle("fetch", claim, be_told_to_wait)  # type: ignore[attr-defined]
    with sessions.begin() as session:
        check = session.get_one(Check, claim.check_id)
        waits = session.scalar(select(Check.run_after - func.now()))
    assert (check.status, check.attempts, check.lease_token) == ("queued", 0, None)
    assert waits is not None
    assert 55 < waits.total_seconds() <= 60
