"""What a broken or captured decoder can do to us: nothing but lose its file."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from images.decoded_image import DecodeLimits
from images.decoder_pool import DecoderPool
from images.errors import (
    DecoderCrashed,
    DecoderUnavailable,
    DecodeTimedOut,
    ImageError,
    NotAnImage,
    TooMuchWork,
)
from images.hashes import pixels_sha256
from images.provenance.claims import FileClaim
from images.provenance.read import read_provenance
from images.provenance.trust_list import TrustList
from tests.content_credentials import Authority, make_states
from tests.unit.images.made_images import encode, make_noise

pytestmark = pytest.mark.hostile
LIMITS = DecodeLimits(max_seconds=1.5)
PATIENT = DecodeLimits(max_seconds=60)


@pytest.fixture
def captured() -> Iterator[DecoderPool]:
    with DecoderPool(LIMITS, program="tests.hostile.misbehaving_decoder") as pool:
        ask(pool, "pid")  # it has started
        yield pool


def ask(pool: DecoderPool, text: str) -> str:
    """What the decoder says to this text."""
    with pytest.raises(NotAnImage) as caught:
        pool.decode(text.encode())
    return str(caught.value)


def test_a_crash_costs_one_file(captured: DecoderPool) -> None:
    before = ask(captured, "pid")
    assert ask(captured, "pid") == before  # it is kept warm
    with pytest.raises(DecoderCrashed, match="save it again"):
        captured.decode(b"crash")
    assert ask(captured, "pid") != before


@pytest.mark.parametrize("word", ["hang", "spin", "drip"])
def test_the_clock_ends_it(captured: DecoderPool, word: str) -> None:
    before = int(ask(captured, "pid"))
    started = time.monotonic()
    with pytest.raises((TooMuchWork, DecodeTimedOut), match="too long"):
        captured.decode(word.encode())
    assert time.monotonic() - started < LIMITS.max_seconds + 1
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert int(ask(captured, "pid")) != before


def test_a_file_that_nobody_kept_from_the_processor_is_not_tried_again(
    captured: DecoderPool,
) -> None:
    with pytest.raises(TooMuchWork):
        captured.decode(b"hang")


def test_a_file_that_others_kept_from_the_processor_is_worth_another_try(
    captured: DecoderPool,
) -> None:
    pid = int(ask(captured, "pid"))
    core = {min(os.sched_getaffinity(0))}
    command = [sys.executable, "-c", "while True: pass"]
    spinners = [subprocess.Popen(command) for _ in range(7)]
    try:
        for each in (pid, *(spinner.pid for spinner in spinners)):
            os.sched_setaffinity(each, core)
        with pytest.raises(DecodeTimedOut):
            captured.decode(b"spin")
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


@pytest.mark.parametrize(
    "answer",
    [
        '{"shapes": [[8000, 8001]], "media_type": "image/png", "limits": []}',
        '{"shapes": [[1,1],[1,1],[1,1],[1,1],[1,1]], "media_type": "image/png", "limits": []}',
        '{"shapes": [[-1, -1]], "media_type": "image/png", "limits": []}',
        '{"shapes": [], "media_type": "image/png", "limits": []}',
        '{"shapes": [[1, 1]], "media_type": "text/html", "limits": []}',
        '{"shapes": [[1, 1]], "media_type": "image/png", "limits": [7]}',
        '{"error": "url_rejected", "message": "a code that is not its own"}',
        '{"error": "not_an_image", "message": 7}',
        "{}",
    ],
)
def test_its_word_is_a_strangers(captured: DecoderPool, answer: str) -> None:
    with pytest.raises(DecoderCrashed):
        captured.decode(f"lie {answer}".encode())


@pytest.mark.parametrize("word", ["crash", "hang", "spin", "eat"])
def test_provenance_that_breaks_its_reader_costs_a_claim_and_never_the_picture(word: str) -> None:
    file = encode(make_noise(5), "JPEG") + f" {word}".encode()
    with DecoderPool(LIMITS, program="tests.hostile.breaking_reader") as pool:
        assert pool.decode(file).media_type == "image/jpeg"
        started = time.monotonic()
        assert pool.read_provenance(file, "image/jpeg") == (FileClaim("c2pa", "unreadable"),)
        assert time.monotonic() - started < LIMITS.max_provenance_seconds + 1
        # The next file gets a sound process.
        assert pool.decode(file).media_type == "image/jpeg"
        assert pool.read_provenance(file[:-6], "image/jpeg") == (FileClaim("c2pa", "none"),)


CLAIM = (
    '{"kind": "c2pa", "state": "none", "source_type": null, "who": null, "tool": null, '
    '"trust_list": null}'
)


@pytest.mark.parametrize(
    "claims",
    [
        "7",
        "[]",
        "[7]",
        f"[{CLAIM}, {CLAIM}]",
        f"[{', '.join([CLAIM] * 40)}]",
        f"[{CLAIM.replace('none', 'genuine')}]",
        f"[{CLAIM.replace('c2pa', 'exif')}]",
        f"[{CLAIM.replace('who', 'whom')}]",
        "[" + CLAIM.replace('"who": null', '"who": "line\\u000abreak"') + "]",
        "[" + CLAIM.replace('"tool": null', '"tool": 7') + "]",
        "[" + CLAIM.replace('"trust_list": null', '"trust_list": "everybody"') + "]",
    ],
)
def test_its_claims_are_a_strangers(captured: DecoderPool, claims: str) -> None:
    answer = captured.read_provenance(f'lie {{"claims": {claims}}}'.encode(), "image/png")
    assert answer == (FileClaim("c2pa", "unreadable"),)


def test_a_claim_as_agreed_is_taken(captured: DecoderPool) -> None:
    answer = captured.read_provenance(f'lie {{"claims": [{CLAIM}]}}'.encode(), "image/png")
    assert answer == (FileClaim("c2pa", "none"),)


def test_content_credentials_are_validated_in_a_locked_process() -> None:
    """The library is native code with threads of its own: it must do without files and network."""
    authority = Authority()
    trust_list = TrustList(authority.pem.decode(), 1, date(2026, 11, 1))
    states = make_states(encode(make_noise(5), "JPEG"), authority)
    with DecoderPool(PATIENT, trust_list=trust_list) as pool:
        for state, file in states.items():
            pixels = pool.decode(file).pixels
            claims = pool.read_provenance(file, "image/jpeg")
            assert claims == read_provenance(file, "image/jpeg", trust_list)
            assert (claims[0].state, claims[0].trust_list) == (state, trust_list.title)
            assert pixels.shape == (32, 48, 3)


def test_it_reaches_no_network_where_the_kernel_lets_go_of_it(captured: DecoderPool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), 2).close()
        said = ask(captured, f"connect {port}")
    assert (said == "OSError") is captured.has_no_network
    if not captured.has_no_network:
        print("this kernel keeps the network in reach")  # noqa: T201


def test_it_writes_no_file(captured: DecoderPool, tmp_path: Path) -> None:
    target = tmp_path / "file"
    assert ask(captured, f"write {target}") in {"OSError", "PermissionError"}
    assert not target.exists() or target.stat().st_size == 0


def test_its_memory_has_an_end(captured: DecoderPool) -> None:
    assert ask(captured, f"eat {LIMITS.max_memory_bytes}") != "done"
    assert ask(captured, f"eat {LIMITS.max_memory_bytes // 4}") == "done"


def test_no_secret_is_in_its_environment(
    captured: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NTF_SECRET_KEY", "secret")
    with DecoderPool(LIMITS, program="tests.hostile.misbehaving_decoder") as pool:
        assert "NTF_" not in ask(pool, "environment")


def test_a_program_that_does_not_start_is_no_word_on_the_image() -> None:
    with DecoderPool(LIMITS, program="tests.hostile.no_such_program") as pool:
        with pytest.raises(DecoderUnavailable):
            pool.decode(b"pid")
        with pytest.raises(DecoderUnavailable):
            pool.decode(b"pid")


def test_many_threads_each_get_their_own_picture() -> None:
    noises = [make_noise(seed) for seed in range(40)]
    crashes = threading.Event()

    def decode(noise: np.ndarray) -> str:
        try:
            pool.decode(b"\xff\xd8\xff broken")
        except ImageError:
            crashes.set()
        return pool.decode(encode(noise, "PNG")).pixels_sha256

    with DecoderPool(PATIENT, processes=2) as pool, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(decode, noises)) == [pixels_sha256(noise) for noise in noises]
    assert crashes.is_set()
