"""What an XMP packet declares: the digital source type, the tool, and where credentials are kept.

The parser is expat itself. A document type ends the reading: without one there are no entities, and
so nothing to expand and nothing to load. Only properties of the image itself count (children and
attributes of a top-level `rdf:Description`); those of its ingredients stand deeper.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from images.provenance.claims import printable

MAX_DEPTH = 64
MAX_ELEMENTS = 50_000
MAX_VALUE_CHARACTERS = 2048
MAX_VALUES = 16

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DESCRIPTION_PATH = (f"{_RDF} RDF", f"{_RDF} Description")
_RESOURCE = f"{_RDF} resource"
# IPTC Photo Metadata Standard, "Digital Source Type"; XMP part 1, 8.4; C2PA 2.2, A.4.
_SOURCE_TYPE = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/ DigitalSourceType"
_TOOL = "http://ns.adobe.com/xap/1.0/ CreatorTool"
_CREDENTIALS = "http://purl.org/dc/terms/ provenance"
_WANTED = frozenset({_SOURCE_TYPE, _TOOL, _CREDENTIALS})
_NEWSCODES = "cv.iptc.org/newscodes/digitalsourcetype/"


class XmpRefused(Exception):
    """The packet is no XML, or more than is read: a document type, too deep, too many elements."""


@dataclass
class XmpFacts:
    """What counts of one packet."""

    source_types: list[str] = field(default_factory=list)
    tool: str | None = None
    points_to_credentials: bool = False


def read_xmp(packet: bytes) -> XmpFacts:
    """Read one packet.

    Raises:
        XmpRefused: see there.
    """
    reader = _Reader()
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse_document_type
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        # A byte order mark or padding around the packet is no part of it.
        parser.Parse(packet.removeprefix(b"\xef\xbb\xbf").strip(b"\0\t\r\n "), True)
    except expat.ExpatError as error:
        raise XmpRefused("not well-formed") from error
    return reader.facts


def last_word(source_type: str) -> str | None:
    """`trainedAlgorithmicMedia` of a NewsCodes address; of others the whole, shortened."""
    _, separator, word = source_type.strip().partition(_NEWSCODES)
    return printable(word.strip("/") if separator else source_type)


class _Reader:
    def __init__(self) -> None:
        self.facts = XmpFacts()
        self._path: list[str] = []
        self._elements = 0
        self._value: list[str] | None = None

    def refuse_document_type(self, *_: object) -> None:
        raise XmpRefused("has a document type")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._path) >= MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise XmpRefused("too deep, or too many elements")
        if self._is_property() and name in _WANTED:
            self._value = [attributes.get(_RESOURCE, "")]
        self._path.append(name)
        if self._is_property():
            for attribute in _WANTED & attributes.keys():
                self._keep(attribute, attributes[attribute])

    def end(self, name: str) -> None:
        self._path.pop()
        if self._value is not None and self._is_property():
            self._keep(name, "".join(self._value))
            self._value = None

    def text(self, text: str) -> None:
        if self._value is not None and len(self._value) < MAX_VALUES:
            self._value.append(text[:MAX_VALUE_CHARACTERS])

    def _is_property(self) -> bool:
        """Whether what begins or ends here is a property of the image itself."""
        return len(self._path) <= 3 and tuple(self._path[-2:]) == _DESCRIPTION_PATH

    def _keep(self, name: str, value: str) -> None:
        value = value.strip()[:MAX_VALUE_CHARACTERS]
        if name == _SOURCE_TYPE and value and len(self.facts.source_types) < MAX_VALUES:
            self.facts.source_types.append(value)
        elif name == _TOOL:
            self.facts.tool = self.facts.tool or printable(value)
        elif name == _CREDENTIALS and value:
            self.facts.points_to_credentials = True
