"""What a host answers: honest, lying, compressed, endless, broken. Each case is quick."""

import os
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from images.errors import (
    BadAnswer,
    FetchFailed,
    FetchRefused,
    ImageError,
    ImageGone,
    TooManyBytes,
)
from images.host_turns import LocalTurns
from images.safe_fetch import FetchedImage, FetchPolicy, Network, fetch_image
from tests.hostile.behaviours import PNG
from tests.hostile.hostile_server import HostileServer

pytestmark = pytest.mark.hostile


@pytest.mark.parametrize("path", ["/image.png", "/chunked.png"])
def test_an_honest_image_arrives(
    path: str, server: HostileServer, open_policy: FetchPolicy
) -> None:
    fetched = fetch_image(server.url(path), open_policy)
    assert fetched == FetchedImage(PNG, server.url(path), "image/png")


def test_the_request_asks_for_bytes_as_they_are(
    server: HostileServer, open_policy: FetchPolicy
) -> None:
    fetch_image(server.url("/image.png?a=%2F&b=ü#part"), open_policy)
    lines = server.request_heads[0].split("\r\n")
    assert lines[0] == "GET /image.png?a=%2F&b=%C3%BC HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in lines
    assert "Accept-Encoding: identity" in lines
    unwanted = ("cookie", "authorization", "referer", "if-", "range")
    assert not any(line.lower().startswith(unwanted) for line in lines)


def test_nothing_is_read_from_the_environment(
    server: HostileServer,
    open_policy: FetchPolicy,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ntf password not-a-real-one\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert os.environ["http_proxy"]
    fetch_image(server.url("/image.png"), open_policy)
    assert "authorization" not in server.request_heads[0].lower()


@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [
        (400, FetchRefused, False),
        (401, FetchRefused, False),
        (403, FetchRefused, False),
        (404, ImageGone, False),
        (410, ImageGone, False),
        (429, FetchFailed, True),
        (451, FetchRefused, False),
        (500, FetchFailed, True),
        (503, FetchFailed, True),
        (204, BadAnswer, False),
        (206, BadAnswer, False),
        (304, BadAnswer, False),
        (999, FetchFailed, True),
    ],
)
def test_a_status_says_whether_to_try_again(
    status: int,
    error: type[ImageError],
    retryable: bool,
    server: HostileServer,
    open_policy: FetchPolicy,
) -> None:
    with pytest.raises(error) as caught:
        fetch_image(server.url(f"/status?{status}"), open_policy)
    assert type(caught.value) is error
    assert caught.value.retryable is retryable


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/endless-body", TooManyBytes),
        ("/endless-chunks", TooManyBytes),
        ("/endless-trailers", TooManyBytes),
        ("/length-huge", TooManyBytes),
        ("/endless-continue", BadAnswer),
        ("/endless-header", BadAnswer),
        ("/large-headers", BadAnswer),
        ("/many-headers", BadAnswer),
        ("/not-http", BadAnswer),
        ("/gzip", BadAnswer),
        ("/encoded?br", BadAnswer),
        ("/encoded?deflate", BadAnswer),
        ("/encoded?zstd", BadAnswer),
        ("/encoded?X-GZIP", BadAnswer),
        ("/encoded?identity,%20gzip", BadAnswer),
        ("/transfer-gzip", BadAnswer),
        ("/endless-chunk-line", FetchFailed),
        ("/length-too-long", FetchFailed),
        ("/length-nonsense", FetchFailed),
        ("/chunk-broken", FetchFailed),
        ("/chunk-negative", FetchFailed),
        ("/half-closed", FetchFailed),
        ("/reset", FetchFailed),
        ("/hang-up", FetchFailed),
    ],
)
def test_a_hostile_answer_ends_in_its_own_error(
    path: str, error: type[ImageError], server: HostileServer, open_policy: FetchPolicy
) -> None:
    # A larger limit, reached by chunks of one byte, takes seconds.
    small = replace(open_policy, max_bytes=100_000)
    with pytest.raises(ImageError) as caught:
        fetch_image(server.url(path), small)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/type-page-as-image", "image/jpeg"),
        ("/type-image-as-page", "text/html"),
        ("/type-nonsense", None),
    ],
)
def test_the_type_is_passed_on_and_not_believed(
    path: str, media_type: str | None, server: HostileServer, open_policy: FetchPolicy
) -> None:
    assert fetch_image(server.url(path), open_policy).media_type == media_type


def test_no_more_is_taken_than_the_length_says(
    server: HostileServer, open_policy: FetchPolicy
) -> None:
    assert fetch_image(server.url("/length-too-short"), open_policy).content == PNG[:-50]


def test_the_byte_limit_is_exact(server: HostileServer, open_policy: FetchPolicy) -> None:
    for path in ("/image.png", "/chunked.png"):
        exact = replace(open_policy, max_bytes=len(PNG))
        assert fetch_image(server.url(path), exact).content == PNG
        with pytest.raises(TooManyBytes):
            fetch_image(server.url(path), replace(open_policy, max_bytes=len(PNG) - 1))


def test_a_body_encoded_as_identity_is_no_encoding(
    server: HostileServer, open_policy: FetchPolicy
) -> None:
    assert fetch_image(server.url("/encoded?Identity"), open_policy).content == PNG


def test_an_endless_body_stops_at_the_limit(
    server: HostileServer, open_policy: FetchPolicy
) -> None:
    """What was taken off the wire is counted at the socket: headers, limit, and one read."""
    received = 0

    class CountingSocket(socket.socket):
        def recv_into(self, *arguments: Any, **keywords: Any) -> int:
            nonlocal received
            count = super().recv_into(*arguments, **keywords)
            received += count
            return count

    def connect(address: str, port: int, timeout_seconds: float) -> socket.socket:
        sock = CountingSocket()
        sock.settimeout(timeout_seconds)
        sock.connect((address, port))
        return sock

    with pytest.raises(TooManyBytes):
        fetch_image(server.url("/endless-body"), open_policy, Network(connect=connect))
    print(f"\nlimit {open_policy.max_bytes} bytes, {received} received")  # noqa: T201
    assert open_policy.max_bytes < received < open_policy.max_bytes + 128 * 1024


def test_many_threads_fetch_at_once(server: HostileServer, open_policy: FetchPolicy) -> None:
    network = Network(turns=LocalTurns(requests_per_second=1000))
    contents: list[bytes] = []
    threads = [
        threading.Thread(
            target=lambda: contents.append(
                fetch_image(server.url("/image.png"), open_policy, network).content
            )
        )
        for _ in range(32)
    ]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert contents == [PNG] * 32
    assert time.monotonic() - started < 5
