"""What a person sees, whatever file shows it: the name under which decisions are remembered."""

import hashlib

from scans.tables import Image


def picture_of(image: Image) -> str:
    """The hash of all that the file shows; of its bytes, where nothing could be decoded.

    A file that shows several pictures (frames, grounds under transparency) is another picture than
    one that shows only the first of them.
    """
    if image.pixels_sha256 is None:
        return image.sha256
    if not image.further_pixels_sha256:
        return image.pixels_sha256
    views = " ".join([image.pixels_sha256, *image.further_pixels_sha256])
    return hashlib.sha256(views.encode()).hexdigest()
