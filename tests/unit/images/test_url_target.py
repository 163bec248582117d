"""How URLs are read; what is refused at the door stands in `tests/hostile/`."""

from ipaddress import ip_address

import pytest

from images.errors import UrlRejected
from images.url_target import follow_redirect, parse_url

WEB = frozenset({80, 443})


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://EXAMPLE.com:443/A?b=C#d", "https://example.com/A?b=C"),
        ("http://example.com:80/?q", "http://example.com/?q"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("http://example.com./a", "http://example.com/a"),
        ("http://a_b.example-1.com/%2e%2E/x%zz", "http://a_b.example-1.com/%2e%2E/x%zz"),
        ("http://xn--mller-kva.example/ü €", None),
        ("http://xn--mller-kva.example/ü", "http://xn--mller-kva.example/%C3%BC"),
        ("http://example.com/a|b[c]{d}", "http://example.com/a|b[c]%7Bd%7D"),
        ("http://[2606:4700:0:0::1]/", "http://[2606:4700::1]/"),
        ("http://8.8.8.8?x=http://y@z", "http://8.8.8.8/?x=http://y@z"),
    ],
)
def test_urls_are_written_in_one_way(url: str, written: str | None) -> None:
    if written is None:
        with pytest.raises(UrlRejected):
            parse_url(url, WEB)
    else:
        assert parse_url(url, WEB).url == written


def test_a_literal_needs_no_lookup() -> None:
    assert parse_url("http://8.8.8.8/", WEB).literal == ip_address("8.8.8.8")
    assert parse_url("http://8.example/", WEB).literal is None


def test_other_ports_open_by_setting() -> None:
    with pytest.raises(UrlRejected):
        parse_url("http://example.com:8080/", WEB)
    assert parse_url("http://example.com:8080/", WEB | {8080}).port == 8080


@pytest.mark.parametrize(
    ("location", "written"),
    [
        ("/b.png", "https://example.com/b.png"),
        ("c.png?d", "https://example.com/a/c.png?d"),
        ("//other.example/x", "https://other.example/x"),
        ("https://other.example/x", "https://other.example/x"),
        ("?q", "https://example.com/a/b?q"),
    ],
)
def test_redirects_are_joined(location: str, written: str) -> None:
    start = parse_url("https://example.com/a/b", WEB)
    assert follow_redirect(start, location, WEB).url == written


@pytest.mark.parametrize(
    "location", ["http://example.com/", "//u@example.com", "https://[::", "x:y"]
)
def test_redirects_are_as_strict(location: str) -> None:
    start = parse_url("https://example.com/a/b", WEB)
    with pytest.raises(UrlRejected):
        follow_redirect(start, location, WEB)
