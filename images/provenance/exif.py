"""What an EXIF block mentions: camera, software, and texts that generators put there.

Anyone can write these with any tool, so they are mentions and never proof. Tags: Exif 2.32, 4.6.
"""

from dataclasses import dataclass
from typing import Literal

from images.provenance.claims import FileClaim, printable
from images.provenance.tiff_tags import TiffValue, read_head, read_tags

_DESCRIPTION, _MAKE, _MODEL, _SOFTWARE = 0x010E, 0x010F, 0x0110, 0x0131
_EXIF_DIRECTORY, _MAKER_NOTE, _USER_COMMENT = 0x8769, 0x927C, 0x9286
# ComfyUI has no text chunks in a WebP: it writes `prompt:{…}` and `workflow:{…}` as camera names.
_TEXTS_IN_CAMERA_NAMES = ("prompt:", "workflow:")


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """Mentions, and texts by the keyword that a PNG would have them under."""

    mentions: tuple[FileClaim, ...]
    texts: tuple[tuple[str, str], ...]


def read_exif(block: bytes) -> ExifFacts:
    """Read one EXIF block. A broken one has nothing to say."""
    head = read_head(block)
    if head is None:
        return ExifFacts((), ())
    wanted = {_DESCRIPTION, _MAKE, _MODEL, _SOFTWARE, _EXIF_DIRECTORY}
    tags = read_tags(block, head, head.first_directory, wanted)
    pointer = tags.pop(_EXIF_DIRECTORY, None)
    if pointer is not None:
        directory = int.from_bytes(pointer.data, head.order)
        tags |= read_tags(block, head, directory, {_USER_COMMENT, _MAKER_NOTE})
    names = {tag: _decode_ascii(tags[tag]) for tag in (_MAKE, _MODEL, _SOFTWARE) if tag in tags}
    return ExifFacts(tuple(_mentions(names)), tuple(_texts(tags, names)))


def _mentions(names: dict[int, str]) -> list[FileClaim]:
    make, model = (
        "" if name.startswith(_TEXTS_IN_CAMERA_NAMES) else name
        for name in (names.get(_MAKE, ""), names.get(_MODEL, ""))
    )
    # Many makers repeat themselves: `Canon` and `Canon EOS R5`.
    camera = printable(model if model.startswith(make) else f"{make} {model}")
    software = printable(names.get(_SOFTWARE))
    states: list[tuple[Literal["camera", "software"], str | None]] = [
        ("camera", camera),
        ("software", software),
    ]
    return [FileClaim("exif", state, who=who) for state, who in states if who]


def _texts(tags: dict[int, TiffValue], names: dict[int, str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for tag in (_MAKE, _MODEL):
        keyword, colon, text = names.get(tag, "").partition(":")
        if colon and f"{keyword}:" in _TEXTS_IN_CAMERA_NAMES:
            found.append((keyword, text))
    if _SOFTWARE in names:
        found.append(("Software", names[_SOFTWARE]))
    if _DESCRIPTION in tags:
        found.append(("Description", _decode_ascii(tags[_DESCRIPTION])))
    if _USER_COMMENT in tags:
        found.append(("parameters", _decode_comment(tags[_USER_COMMENT].data)))
    if _MAKER_NOTE in tags:
        found.append(("maker_note", _decode_ascii(tags[_MAKER_NOTE])))
    return found


def _decode_ascii(value: TiffValue) -> str:
    return value.data.split(b"\0")[0].decode("utf-8", "replace").strip()


def _decode_comment(data: bytes) -> str:
    """A user comment: eight bytes name its code (4.6.5 B), which not every writer gives."""
    code, text = data[:8], data[8:]
    if code == b"UNICODE\0":
        # The order should be the block's, but common writers use big-endian in any block.
        zeros_first = text[0:4096:2].count(0) >= text[1:4096:2].count(0)
        return text.decode("utf-16-be" if zeros_first else "utf-16-le", "replace").strip("\0 ")
    if code in {b"ASCII\0\0\0", b"JIS\0\0\0\0\0", bytes(8)}:
        return text.decode("utf-8", "replace").strip("\0 ")
    return data.decode("utf-8", "replace").strip("\0 ")
