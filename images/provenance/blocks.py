"""The blocks of metadata that a file's structure holds, collected under limits.

The walkers find blocks by the structure of their format (chunks, segments, boxes). Nothing is ever
searched for: bytes inside pixel data or after the picture's end are not metadata.
"""

from dataclasses import dataclass, field

from images.provenance.claims import ClaimKind

MAX_STEPS = 200_000
# An honest file has one of each, and a handful of texts.
MAX_EXIF_BLOCKS = 4
MAX_EXIF_BYTES = 1 << 20
MAX_XMP_PACKETS = 4
MAX_XMP_BYTES = 2 << 20
MAX_XMP_BYTES_IN_ALL = 4 << 20
MAX_TEXTS = 64
MAX_TEXT_BYTES = 2 << 20
MAX_TEXT_BYTES_IN_ALL = 4 << 20
MAX_C2PA_BYTES = 4 << 20


class WalkEnded(Exception):
    """The structure ends, breaks, or has more parts than are looked at; what was found stays."""


@dataclass
class Blocks:
    """What a walker found.

    Attributes:
        exif: TIFF structures (Exif 2.32, 4.5), without the `Exif\\0\\0` before them.
        xmp: packets (ISO 16684-1).
        texts: keyword and text of PNG text chunks and of comments (keyword `comment`).
        c2pa_bytes: size of the blocks that hold a C2PA manifest store; 0 where there is none.
        left_out: kinds of which something was too large, or too much, to be read.
    """

    exif: list[bytes] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    c2pa_bytes: int = 0
    left_out: set[ClaimKind] = field(default_factory=set)
    _steps: int = 0
    _text_bytes: int = 0

    def step(self) -> None:
        """Count one part of the structure.

        Raises:
            WalkEnded: there were too many.
        """
        self._steps += 1
        if self._steps > MAX_STEPS:
            self.left_out.add("generator_text")
            raise WalkEnded

    def add_exif(self, block: bytes) -> None:
        """Keep an EXIF block, unless it is too large or one too many."""
        if len(block) > MAX_EXIF_BYTES or len(self.exif) >= MAX_EXIF_BLOCKS:
            self.left_out.add("exif")
        else:
            self.exif.append(block)

    def add_xmp(self, packet: bytes) -> None:
        """Keep an XMP packet, unless it is too large or one too many."""
        in_all = len(packet) + sum(map(len, self.xmp))
        is_large = len(packet) > MAX_XMP_BYTES or in_all > MAX_XMP_BYTES_IN_ALL
        if is_large or len(self.xmp) >= MAX_XMP_PACKETS:
            self.left_out.add("iptc")
        else:
            self.xmp.append(packet)

    def has_room_for_text(self) -> bool:
        """Whether one more text would be kept. Ask before unpacking one: that takes time."""
        return self._text_bytes <= MAX_TEXT_BYTES_IN_ALL and len(self.texts) < MAX_TEXTS

    def add_text(self, keyword: str, text: str) -> None:
        """Keep a text, unless it is too large or one too many."""
        self._text_bytes += len(text)
        if len(text) > MAX_TEXT_BYTES or not self.has_room_for_text():
            self.left_out.add("generator_text")
        else:
            self.texts.append((keyword, text))


def take(content: bytes, start: int, length: int) -> bytes:
    """`length` bytes from `start` on.

    Raises:
        WalkEnded: the content ends before.
    """
    if start < 0 or length < 0 or start + length > len(content):
        raise WalkEnded
    return content[start : start + length]
