"""Decodes as ours does, but its reader of provenance breaks: it does what the file's end says."""

import os
import signal
import sys
import time

import images.provenance.read
from images.decode_child import main
from images.provenance.claims import FileClaim


def read_provenance(content: bytes, *_: object) -> tuple[FileClaim, ...]:
    """Crash, hang, spin, or take all memory."""
    match content.rpartition(b" ")[2]:
        case b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"hang":
            time.sleep(600)
        case b"spin":
            while True:
                pass
        case b"eat":
            bytearray(1 << 40)
    return (FileClaim("c2pa", "none"),)


if __name__ == "__main__":
    images.provenance.read.read_provenance = read_provenance
    main(sys.argv[1:])
