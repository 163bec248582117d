"""The server that anyone can start: what it lists is there."""

import subprocess
import sys
from collections.abc import Iterator

import dns.message
import dns.query
import pytest
import requests

from tests.hostile.behaviours import BEHAVIOURS, PNG

pytestmark = pytest.mark.hostile


@pytest.fixture
def listing() -> Iterator[dict[str, str]]:
    """What each printed address is said to do."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(len(BEHAVIOURS) + 4)]
    yield {where: what.strip() for where, _, what in (line.partition(" ") for line in lines)}
    process.terminate()
    process.communicate()


def address_of(listing: dict[str, str], words: str) -> str:
    (address,) = (where for where, what in listing.items() if words in what)
    return address


def test_everything_is_started_and_named(listing: dict[str, str]) -> None:
    assert len(listing) == len(BEHAVIOURS) + 4
    assert all(listing.values())
    plain = address_of(listing, "An honest PNG.")
    assert requests.get(plain, timeout=5).content == PNG
    authority = address_of(listing, "The authority")
    for words in ("TLS for another name", "ended in 2020"):
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(address_of(listing, words), timeout=5, verify=authority)
    port, name = address_of(listing, "A name that is public").rsplit(":", 1)[1].split("/")
    question = dns.message.make_query(name, "A")
    answers = [
        dns.query.udp(question, "127.0.0.1", port=int(port), timeout=5).answer[0][0].to_text()
        for _ in range(3)
    ]
    assert answers == ["93.184.215.14", "127.0.0.1", "93.184.215.14"]
