"""What the hostile server does to a client, one function a trick, each found by its path."""

import gzip
import io
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from PIL import Image

DRIP_SECONDS = 0.05


def _make_png() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(out, "PNG")
    return out.getvalue()


PNG = _make_png()
ETAG = '"v1-of-this-image"'
LAST_MODIFIED = "Wed, 21 Oct 2026 07:28:00 GMT"


@dataclass(frozen=True)
class Exchange:
    """One connection whose request has been read."""

    connection: socket.socket
    head: str
    query: str
    stopping: threading.Event

    def request_header(self, name: str) -> str | None:
        """One header of the request."""
        for line in self.head.split("\r\n")[1:]:
            found, _, value = line.partition(":")
            if found.lower() == name.lower():
                return value.strip()
        return None

    def send(self, data: bytes) -> None:
        """Send at once."""
        self.connection.sendall(data)

    def send_head(self, *headers: str, status: str = "200 OK") -> None:
        """Send a status line and headers."""
        self.send("\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode("latin-1"))

    def drip(self, data: Iterable[int]) -> None:
        """Send byte by byte, with a pause after each."""
        for byte in data:
            self.send(bytes([byte]))
            if self.stopping.wait(DRIP_SECONDS):
                return

    def repeat(self, data: bytes) -> None:
        """Send the same again until the client leaves."""
        while not self.stopping.is_set():
            self.send(data)


Behaviour = Callable[[Exchange], None]
BEHAVIOURS: dict[str, Behaviour] = {}


def at(path: str) -> Callable[[Behaviour], Behaviour]:
    """Register a behaviour under a path."""

    def register(behaviour: Behaviour) -> Behaviour:
        BEHAVIOURS[path] = behaviour
        return behaviour

    return register


def answer_not_found(exchange: Exchange) -> None:
    """404."""
    exchange.send_head("Content-Length: 0", status="404 Not Found")


@at("/image.png")
def answer_image(exchange: Exchange) -> None:
    """An honest PNG."""
    exchange.send_head("Content-Type: Image/PNG; q=1", f"Content-Length: {len(PNG)}")
    exchange.send(PNG)


@at("/chunked.png")
def answer_chunked(exchange: Exchange) -> None:
    """An honest PNG in two chunks."""
    exchange.send_head("Content-Type: image/png", "Transfer-Encoding: chunked")
    for part in (PNG[:100], PNG[100:]):
        exchange.send(b"%x\r\n%b\r\n" % (len(part), part))
    exchange.send(b"0\r\n\r\n")


@at("/known.png")
def answer_known(exchange: Exchange) -> None:
    """An honest PNG with an entity tag and a date, sent only to who does not have it yet."""
    if exchange.request_header("If-None-Match") == ETAG:
        exchange.send_head(f"ETag: {ETAG}", status="304 Not Modified")
        return
    if exchange.request_header("If-Modified-Since") == LAST_MODIFIED and not exchange.query:
        exchange.send_head(status="304 Not Modified")
        return
    exchange.send_head(
        f"ETag: {ETAG}", f"Last-Modified: {LAST_MODIFIED}", f"Content-Length: {len(PNG)}"
    )
    exchange.send(PNG)


@at("/dated.png")
def answer_dated(exchange: Exchange) -> None:
    """An honest PNG that has a date alone."""
    if exchange.request_header("If-Modified-Since") == LAST_MODIFIED:
        exchange.send_head(status="304 Not Modified")
        return
    exchange.send_head(f"Last-Modified: {LAST_MODIFIED}", f"Content-Length: {len(PNG)}")
    exchange.send(PNG)


@at("/validators-nonsense")
def send_nonsense_validators(exchange: Exchange) -> None:
    """An honest PNG whose entity tag and date are none."""
    exchange.send_head(
        'ETag: "a"b\xff"', f"Last-Modified: {'x' * 9000}", f"Content-Length: {len(PNG)}"
    )
    exchange.send(PNG)


@at("/wait")
def ask_to_wait(exchange: Exchange) -> None:
    """429 with the Retry-After in the query."""
    exchange.send_head(
        f"Retry-After: {unquote(exchange.query)}", "Content-Length: 0", status="429 Too Many"
    )


@at("/status")
def answer_status(exchange: Exchange) -> None:
    """The status named in the query, with an empty body."""
    exchange.send_head("Content-Length: 0", status=f"{exchange.query} Whatever")


@at("/redirect")
def redirect(exchange: Exchange) -> None:
    """A redirect to the address in the query."""
    exchange.send_head(f"Location: {unquote(exchange.query)}", status="302 Found")


@at("/redirect-loop")
def redirect_loop(exchange: Exchange) -> None:
    """A redirect to itself."""
    exchange.send_head("Location: /redirect-loop", status="301 Moved Permanently")


@at("/redirect-ping")
def redirect_ping(exchange: Exchange) -> None:
    """A redirect to an address that redirects back, as a page would see it: with a body."""
    exchange.send_head("Location: /redirect-pong", "Content-Length: 4", status="302 Found")
    exchange.send(b"ping")


@at("/redirect-pong")
def redirect_pong(exchange: Exchange) -> None:
    """The way back."""
    exchange.send_head("Location: /redirect-ping", "Content-Length: 0", status="307 Temporary")


@at("/redirect-to-private")
def redirect_to_private(exchange: Exchange) -> None:
    """A redirect to where cloud machines ask for their credentials."""
    exchange.send_head("Location: http://169.254.169.254/latest/meta-data/", status="302 Found")


@at("/redirect-two-ways")
def redirect_two_ways(exchange: Exchange) -> None:
    """Two Locations, of which a checker and a client may each take another."""
    exchange.send_head("Location: /image.png", "Location: http://127.0.0.1/", status="302 Found")


@at("/redirect-folded")
def redirect_folded(exchange: Exchange) -> None:
    """A Location over two lines, and one with a tab in its scheme."""
    separator = "\t" if exchange.query == "tab" else "\r\n "
    exchange.send_head(f"Location: ht{separator}tp://photos.example/image.png", status="302 Found")


@at("/redirect-nowhere")
def redirect_nowhere(exchange: Exchange) -> None:
    """A redirect without a Location."""
    exchange.send_head("Content-Length: 0", status="302 Found")


@at("/redirect-binary")
def redirect_binary(exchange: Exchange) -> None:
    """A redirect to bytes that are no text."""
    exchange.send(b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\n\r\n")


@at("/redirect-endless")
def redirect_endless(exchange: Exchange) -> None:
    """A redirect to the honest PNG whose own body never ends."""
    exchange.send_head("Location: /image.png", "Transfer-Encoding: chunked", status="302 Found")
    exchange.repeat(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")


@at("/silent")
def stay_silent(exchange: Exchange) -> None:
    """Nothing at all, with the connection open."""
    exchange.stopping.wait()


@at("/slow-headers")
def drip_headers(exchange: Exchange) -> None:
    """Headers, one byte at a time."""
    exchange.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100_000)


@at("/slow-body")
def drip_body(exchange: Exchange) -> None:
    """A body, one byte at a time."""
    exchange.send_head("Content-Type: image/png", "Content-Length: 100000")
    exchange.drip(PNG)


@at("/slow-word")
def drip_word(exchange: Exchange) -> None:
    """Twelve bytes, one at a time, and then the end."""
    exchange.send_head("Content-Length: 12")
    exchange.drip(b"not an image")


@at("/slow-after-burst")
def drip_after_burst(exchange: Exchange) -> None:
    """Half a megabyte at once, and then one byte at a time."""
    exchange.send_head("Content-Type: image/png", "Content-Length: 900000")
    exchange.send(PNG + b"\0" * (500_000 - len(PNG)))
    exchange.drip(b"\0" * 400_000)


@at("/slow-chunks")
def drip_chunks(exchange: Exchange) -> None:
    """Chunk sizes, one byte at a time."""
    exchange.send_head("Transfer-Encoding: chunked")
    exchange.drip(b"00000000000000000001\r\nx\r\n" * 10_000)


@at("/slow-trailer")
def drip_trailer(exchange: Exchange) -> None:
    """A whole body, and then trailers that do not end."""
    exchange.send_head("Transfer-Encoding: chunked")
    exchange.send(b"%x\r\n%b\r\n0\r\n" % (len(PNG), PNG))
    exchange.drip(b"X-More: yes\r\n" * 10_000)


@at("/endless-body")
def send_endless_body(exchange: Exchange) -> None:
    """A body without a length and without an end."""
    exchange.send_head("Content-Type: image/jpeg")
    exchange.repeat(b"\xff" * 65536)


@at("/endless-chunks")
def send_endless_chunks(exchange: Exchange) -> None:
    """Chunks of one byte, for ever."""
    exchange.send_head("Content-Type: image/jpeg", "Transfer-Encoding: chunked")
    exchange.repeat(b"1\r\nx\r\n" * 10_000)


@at("/endless-chunk-line")
def send_endless_chunk_line(exchange: Exchange) -> None:
    """A chunk size that never ends."""
    exchange.send_head("Transfer-Encoding: chunked")
    exchange.repeat(b"0" * 65536)


@at("/endless-trailers")
def send_endless_trailers(exchange: Exchange) -> None:
    """Trailers, for ever."""
    exchange.send_head("Transfer-Encoding: chunked")
    exchange.send(b"1\r\nx\r\n0\r\n")
    exchange.repeat(b"X-More: yes\r\n" * 5_000)


@at("/endless-continue")
def send_endless_continue(exchange: Exchange) -> None:
    """`100 Continue`, for ever."""
    exchange.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000)


@at("/endless-header")
def send_endless_header(exchange: Exchange) -> None:
    """One header line that never ends."""
    exchange.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    exchange.repeat(b"x" * 65536)


@at("/large-headers")
def send_large_headers(exchange: Exchange) -> None:
    """Ninety headers of 8 kB each, and then an honest PNG."""
    exchange.send_head(*(f"X-{number}: {'x' * 8000}" for number in range(90)))
    exchange.send(PNG)


@at("/many-headers")
def send_many_headers(exchange: Exchange) -> None:
    """A thousand short headers, and then an honest PNG."""
    exchange.send_head(*(f"X-{number}: x" for number in range(1000)))
    exchange.send(PNG)


@at("/length-too-long")
def end_early(exchange: Exchange) -> None:
    """A Content-Length that is more than comes."""
    exchange.send_head("Content-Type: image/png", f"Content-Length: {len(PNG) + 1}")
    exchange.send(PNG)


@at("/length-too-short")
def send_more_than_said(exchange: Exchange) -> None:
    """A Content-Length that is less than comes."""
    exchange.send_head("Content-Type: image/png", f"Content-Length: {len(PNG) - 50}")
    exchange.send(PNG)


@at("/length-huge")
def announce_huge_body(exchange: Exchange) -> None:
    """A Content-Length of ten gigabytes."""
    exchange.send_head("Content-Length: 10000000000")


@at("/length-nonsense")
def announce_nonsense(exchange: Exchange) -> None:
    """Two Content-Lengths that contradict each other."""
    exchange.send_head("Content-Length: 5, 7")
    exchange.send(b"12345")


@at("/chunk-broken")
def send_broken_chunk(exchange: Exchange) -> None:
    """A chunk size that is no number."""
    exchange.send_head("Transfer-Encoding: chunked")
    exchange.send(b"zz\r\nhello\r\n")


@at("/chunk-negative")
def send_negative_chunk(exchange: Exchange) -> None:
    """A chunk size below zero."""
    exchange.send_head("Transfer-Encoding: chunked")
    exchange.send(b"-5\r\nhello\r\n")


@at("/gzip")
def send_gzip(exchange: Exchange) -> None:
    """A gzip body that was not asked for, small on the wire and large inside."""
    body = gzip.compress(b"\0" * 1_000_000) * 500  # members one after the other, RFC 1952, 2.2
    exchange.send_head("Content-Encoding: gzip", f"Content-Length: {len(body)}")
    exchange.send(body)


@at("/encoded")
def send_encoded(exchange: Exchange) -> None:
    """A PNG under the Content-Encoding in the query."""
    exchange.send_head(
        f"Content-Encoding: {unquote(exchange.query)}", f"Content-Length: {len(PNG)}"
    )
    exchange.send(PNG)


@at("/transfer-gzip")
def send_transfer_gzip(exchange: Exchange) -> None:
    """A transfer encoding that was not asked for."""
    exchange.send_head("Transfer-Encoding: gzip")
    exchange.send(gzip.compress(PNG))


@at("/type-page-as-image")
def send_page_as_image(exchange: Exchange) -> None:
    """A web page that calls itself a JPEG."""
    exchange.send_head("Content-Type: image/jpeg")
    exchange.send(b"<!doctype html><title>Not an image</title>")


@at("/type-image-as-page")
def send_image_as_page(exchange: Exchange) -> None:
    """A PNG that calls itself a web page."""
    exchange.send_head("Content-Type: text/html")
    exchange.send(PNG)


@at("/type-nonsense")
def send_nonsense_type(exchange: Exchange) -> None:
    """A PNG whose type is a script."""
    exchange.send_head("Content-Type: <script>alert(1)</script>")
    exchange.send(PNG)


@at("/cookies")
def send_cookies(exchange: Exchange) -> None:
    """Cookies, and a redirect to the honest PNG."""
    exchange.send_head(
        "Set-Cookie: a=b; Path=/", "Location: /image.png", status="307 Temporary Redirect"
    )


@at("/half-closed")
def close_half(exchange: Exchange) -> None:
    """Half a body, and then only our side is closed."""
    exchange.send_head(f"Content-Length: {len(PNG)}")
    exchange.send(PNG[: len(PNG) // 2])
    exchange.connection.shutdown(socket.SHUT_WR)
    exchange.stopping.wait(5)


@at("/reset")
def reset(exchange: Exchange) -> None:
    """Half a body, and then a TCP reset."""
    exchange.send_head(f"Content-Length: {len(PNG)}")
    exchange.send(PNG[:100])
    linger_off = struct.pack("ii", 1, 0)
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_off)


@at("/hang-up")
def hang_up(exchange: Exchange) -> None:
    """Nothing, and the connection closed."""


@at("/not-http")
def talk_nonsense(exchange: Exchange) -> None:
    """Bytes that are not HTTP."""
    exchange.send(b"SSH-2.0-OpenSSH_9.9\r\n" + bytes(range(256)))


@at("/headers-nonsense")
def send_nonsense_headers(exchange: Exchange) -> None:
    """Header lines without a colon and with every byte."""
    exchange.send(b"HTTP/1.1 200 OK\r\n\xff\xfe\x00nonsense\r\n : x\r\n\r\n" + PNG)
