"""First half of a check: bytes from the web or the store, decoded to pixels, both kept.

Reads like the sentence: fetch, decode, keep, hand over. Everything it needs is passed in.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from images.decoded_image import DecodedImage
from images.hashes import sha256_hex
from images.safe_fetch import FetchedImage
from scans.checks import remember_decoded
from scans.image_store import ImageStore
from scans.pixel_store import save_pixels
from scans.queue import Claim, advance_check
from scans.verdict import ImageFacts


@dataclass(frozen=True, slots=True)
class FetchTools:
    """What fetching needs: the doors to the web, the decoder, the store and the rows."""

    sessions: sessionmaker[Session]
    store: ImageStore
    fetch: Callable[[str], FetchedImage]
    decode: Callable[[bytes], DecodedImage]


def fetch_image(claim: Claim, tools: FetchTools) -> None:
    """Bring one claimed check from `fetching` to `detecting`.

    Raises:
        ImageError: the image cannot be had or is none (see `images.errors`).
        LeaseLost: another worker holds the check now.
    """
    content = get_bytes(claim, tools)
    decoded = tools.decode(content)
    sha256 = sha256_hex(content)
    tools.store.save("bytes", sha256, content)
    for view_sha256, view in zip(decoded.views_sha256, decoded.views, strict=True):
        save_pixels(tools.store, view_sha256, view)
    with tools.sessions.begin() as session:
        remember_decoded(
            session,
            sha256,
            byte_count=len(content),
            media_type=decoded.media_type,
            views_sha256=decoded.views_sha256,
            facts=ImageFacts(decoded.width, decoded.height, decoded.limits),
        )
        advance_check(session, claim, image_sha256=sha256)


def get_bytes(claim: Claim, tools: FetchTools) -> bytes:
    """Uploaded bytes from the store; all others from their address.

    Raises:
        ImageError: the address was refused, or gave no image.
        ImageNotStored: an upload's bytes are gone.
    """
    if claim.image_sha256 is not None:
        return tools.store.read("bytes", claim.image_sha256)
    return tools.fetch(claim.url or "").content
