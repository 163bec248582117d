"""First half of a check: bytes from the web or the store, decoded to pixels, both kept.

Reads like the sentence: fetch, decode, read provenance, keep, hand over. Everything it needs is
passed in.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session, sessionmaker

from images.decoded_image import DecodedImage
from images.hashes import sha256_hex
from images.perceptual_hash import MIN_QUALITY, pdq_hash
from images.provenance.claims import FileClaim
from images.safe_fetch import FetchedImage, NotModified, Validators
from scans.checks import remember_decoded
from scans.database import Reads
from scans.errors import ImageNotStored
from scans.fetched_urls import find_fetched, remember_fetched
from scans.image_store import ImageStore
from scans.pixel_store import save_pixels
from scans.queue import Claim, advance_check
from scans.verdict import ImageFacts


@dataclass(frozen=True, slots=True)
class FetchTools:
    """What fetching needs: the doors to the web, the readers, the store and the rows."""

    sessions: sessionmaker[Session]
    reads: Reads
    store: ImageStore
    fetch: Callable[[str, Validators | None], FetchedImage | NotModified]
    decode: Callable[[bytes], DecodedImage]
    read_provenance: Callable[[bytes, str], tuple[FileClaim, ...]]


def fetch_image(claim: Claim, tools: FetchTools) -> None:
    """Bring one claimed check from `fetching` to `detecting`.

    Raises:
        ImageError: the image cannot be had or is none (see `images.errors`).
        LeaseLost: another worker holds the check now.
    """
    content, fetched = get_bytes(claim, tools)
    decoded = tools.decode(content)
    claims = tools.read_provenance(content, decoded.media_type)
    pdq, pdq_quality = pdq_hash(decoded.pixels)
    sha256 = sha256_hex(content)
    for view_sha256, view in zip(decoded.views_sha256, decoded.views, strict=True):
        save_pixels(tools.store, view_sha256, view)
    found = remember_decoded(
        sha256,
        byte_count=len(content),
        media_type=decoded.media_type,
        views_sha256=decoded.views_sha256,
        facts=ImageFacts(decoded.width, decoded.height, decoded.limits),
        provenance=[asdict(claim) for claim in claims],
        pdq=pdq if pdq_quality >= MIN_QUALITY else None,
    )
    with tools.sessions.begin() as session:
        advance_check(session, claim, found)
        # The row is locked now, so an erasure comes before the file or after the commit.
        if not tools.store.has("bytes", sha256):
            tools.store.save("incoming", sha256, content)
        if fetched is not None and fetched.validators is not None:
            remember_fetched(
                session,
                claim.url or "",
                image_sha256=sha256,
                final_url=fetched.validators.url,
                etag=fetched.validators.etag,
                last_modified=fetched.validators.last_modified,
            )


def get_bytes(claim: Claim, tools: FetchTools) -> tuple[bytes, FetchedImage | None]:
    """Uploaded bytes from the store, all others from their address; and the host's answer, if new.

    Raises:
        ImageError: the address was refused, or gave no image.
        ImageNotStored: an upload's bytes are gone.
    """
    if claim.image_sha256 is not None:
        return tools.store.read_either(claim.image_sha256), None
    url = claim.url or ""
    known, kept = find_known(url, tools)
    answer = tools.fetch(url, known)
    return (kept, None) if isinstance(answer, NotModified) else (answer.content, answer)


def find_known(url: str, tools: FetchTools) -> tuple[Validators | None, bytes]:
    """What this address showed last, and how to ask whether it still does.

    The bytes are read before the host is asked: an answer without them would be worth nothing.
    """
    row = tools.reads.ask(lambda rows: find_fetched(rows, url))
    if row is None:
        return None, b""
    try:
        kept = tools.store.read_either(row.image_sha256)
    except ImageNotStored:
        return None, b""
    return Validators(row.final_url, row.etag, row.last_modified), kept
