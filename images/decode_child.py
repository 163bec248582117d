"""The process that decodes and reads provenance, one file after the other.

`images/decoder_process.py` starts it. It gives up what it does not need before it loads a decoder,
and ends when its socket does.
"""

import json
import os
import socket
import sys
import warnings
from typing import TYPE_CHECKING

from images.lockdown import allow_cpu_seconds, lock_down

if TYPE_CHECKING:
    from images.decode_wire import Line
    from images.decoded_image import DecodeLimits
    from images.provenance.trust_list import TrustList

MAX_FILE_BYTES = 1 << 30


def main(arguments: list[str]) -> None:
    """Serve the socket that is standard input. Arguments: `DecodeLimits` as JSON."""
    agreed = json.loads(arguments[0])
    has_no_network = lock_down(agreed["max_memory_bytes"])

    from images.decode_wire import Line, LineBroken  # noqa: PLC0415
    from images.decoded_image import DecodeLimits  # noqa: PLC0415
    from images.provenance.claims_wire import read_trust_list  # noqa: PLC0415

    limits = DecodeLimits(**agreed)
    prepare_libraries(limits)
    line = Line(socket.socket(fileno=os.dup(0)))
    line.send({"has_no_network": has_no_network})
    silence_libraries()
    try:
        head = line.receive_head()
        trust_list = read_trust_list(head, line.receive_bytes(head["bytes"]))
        while True:
            serve_one(line, limits, trust_list)
    except LineBroken:
        pass  # whoever asked is gone


def prepare_libraries(limits: "DecodeLimits") -> None:
    """Load what opens files, once and on one thread: the pool's size is the number of threads."""
    from PIL import AvifImagePlugin, Image  # noqa: PLC0415

    import images.decode  # noqa: PLC0415
    import images.provenance.read  # noqa: F401, PLC0415

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def silence_libraries() -> None:
    """C libraries write about broken files; what they write is an attacker's word in our logs."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def serve_one(line: "Line", limits: "DecodeLimits", trust_list: "TrustList") -> None:
    """Answer one request."""
    from images.decode_wire import LineBroken  # noqa: PLC0415

    request = line.receive_head()
    length = int(request["bytes"])
    if length > MAX_FILE_BYTES:
        raise LineBroken("the file is too long")
    content = line.receive_bytes(length)
    if request["task"] == "provenance":
        allow_cpu_seconds(limits.max_provenance_seconds)
        answer_with_claims(line, content, request["media_type"], trust_list)
    else:
        allow_cpu_seconds(limits.max_seconds)
        answer_with_views(line, content, limits)


def answer_with_views(line: "Line", content: bytes, limits: "DecodeLimits") -> None:
    """Send the views of the file, or the error."""
    from images.decode import decode_image  # noqa: PLC0415
    from images.errors import ImageError  # noqa: PLC0415

    try:
        decoded = decode_image(content, limits)
    except ImageError as error:
        line.send({"error": error.code, "message": str(error)})
        return
    head = {
        "shapes": [view.shape[:2] for view in decoded.views],
        "media_type": decoded.media_type,
        "limits": decoded.limits,
    }
    line.send(head, *(view.data.cast("B") for view in decoded.views))


def answer_with_claims(
    line: "Line", content: bytes, media_type: str, trust_list: "TrustList"
) -> None:
    """Send what the file says about itself."""
    from images.provenance.claims_wire import claims_message  # noqa: PLC0415
    from images.provenance.read import read_provenance  # noqa: PLC0415

    line.send(claims_message(read_provenance(content, media_type, trust_list)))


if __name__ == "__main__":
    main(sys.argv[1:])
