"""What can be asked of an exported graph, and changed in it, without a library for graphs.

An ONNX file is one protobuf message (onnx.proto). Only a few of its fields are read here. A message
that is appended to another of its type is merged into it by every parser (protobuf's encoding,
"last one wins" and merging of embedded messages): so a graph gets one more output by some bytes
at the end of its file, and the file itself stays as it is.
"""

from collections.abc import Iterator, Sequence

# Field numbers of onnx.proto.
MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_OUTPUT = 1, 12
NODE_INPUT = 1
VALUE_NAME = 1
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


def find_source(model: bytes, weight: str) -> str:
    """The name of the values that the node with this weight works on: its first input.

    Raises:
        ValueError: no node has such a weight, or the bytes are no graph.
    """
    for graph in _messages(memoryview(model), MODEL_GRAPH):
        for node in _messages(graph, GRAPH_NODE):
            inputs = [bytes(name).decode() for name in _messages(node, NODE_INPUT)]
            if weight in inputs[1:]:
                return inputs[0]
    raise ValueError(f"the graph has no node with the weight {weight}")


def with_outputs(model: bytes, names: Sequence[str]) -> bytes:
    """The graph's bytes with some of its inner values as outputs too, behind those that it has."""
    added = b"".join(
        _field(GRAPH_OUTPUT, _field(VALUE_NAME, name.encode())) for name in dict.fromkeys(names)
    )
    return model + _field(MODEL_GRAPH, added)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = []
    while True:
        value, low = value >> 7, value & 0x7F
        groups.append(low | 0x80 if value else low)
        if not value:
            return bytes(groups)


def _messages(content: memoryview, wanted: int) -> Iterator[memoryview]:
    """The fields of this number that have a length: messages and strings."""
    at = 0
    while at < len(content):
        key, at = _read_varint(content, at)
        number, kind = key >> 3, key & 7
        if kind == _LENGTH:
            length, at = _read_varint(content, at)
            if number == wanted:
                yield content[at : at + length]
            at += length
        elif kind == _VARINT:
            _, at = _read_varint(content, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"no protobuf message: wire type {kind}")


def _read_varint(content: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(content):
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
    raise ValueError("no protobuf message: it ends within a number")
