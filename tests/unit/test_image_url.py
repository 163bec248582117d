"""One spelling for one address."""

import pytest

from scans.errors import UrlNotCanonical
from scans.image_url import canonical_url


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Example.ORG", "http://example.org/"),
        ("https://example.org:443/a.jpg", "https://example.org/a.jpg"),
        ("http://example.org:80/a.jpg", "http://example.org/a.jpg"),
        ("https://example.org:8443/a.jpg", "https://example.org:8443/a.jpg"),
        ("https://example.org/a.jpg#top", "https://example.org/a.jpg"),
        ("https://example.org/a.jpg?w=1&h=2", "https://example.org/a.jpg?w=1&h=2"),
        ("https://example.org/Größe.jpg", "https://example.org/Gr%C3%B6%C3%9Fe.jpg"),
        ("https://example.org/a%20b.jpg", "https://example.org/a%20b.jpg"),
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a"),
        ("http://[2001:DB8::1]/a", "http://[2001:db8::1]/a"),
        ("  https://example.org/a  ", "https://example.org/a"),
    ],
)
def test_one_spelling(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/a.jpg",
        "ftp://example.org/a.jpg",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "https://",
        "https://user:secret@example.org/a.jpg",
        "https://user@example.org/a.jpg",
        "https://example.org:99999/",
        "https://example.org/a\nb",
        "https://exa mple.org/",
        "https://[::1/",
        "https://" + "ü" * 300 + ".example/",
        "https://example.org/" + "a" * 5000,
    ],
)
def test_no_address_that_cannot_be_fetched(url: str) -> None:
    with pytest.raises(UrlNotCanonical):
        canonical_url(url)
