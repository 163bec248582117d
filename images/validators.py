"""What a host gave us to ask later whether an image has changed (RFC 9110, 8.8 and 13.1).

They come from strangers and are sent back as headers, so only plain forms are kept.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# RFC 9110, 8.8.3, without the obsolete bytes above ASCII.
_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,512}"')
# The one form of a date that may be sent (RFC 9110, 5.6.7).
_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")


@dataclass(frozen=True)
class Validators:
    """What to send along so that an unchanged image need not be sent again.

    Attributes:
        url: the address that answered, after redirects. They are sent to this address alone: an
            entity tag means nothing for another one.
        etag: as sent, with its quotes.
        last_modified: as sent.
    """

    url: str
    etag: str | None
    last_modified: str | None

    def headers(self) -> dict[str, str]:
        """The conditional headers of a request for `url`."""
        conditions = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in conditions.items() if value is not None}


def read_validators(url: str, headers: Mapping[str, str]) -> Validators | None:
    """The validators of an answer; None where it has none in a plain form."""
    etag = _matching(_ENTITY_TAG, headers.get("ETag"))
    last_modified = _matching(_DATE, headers.get("Last-Modified"))
    if etag is None and last_modified is None:
        return None
    return Validators(url, etag, last_modified)


def _matching(form: re.Pattern[str], text: str | None) -> str | None:
    text = (text or "").strip()
    return text if form.fullmatch(text) else None
