"""`ntf check --json` over a folder of broken and hostile files: a reason for each, and limits kept.

`NTF_BROKEN_FILES=4000` makes the folder as large as one likes.
"""

import json
import os
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.unit.images.made_images import SAVE_OPTIONS, encode, make_noise
from tests.unit.images.test_decode_mutations import mutate

pytestmark = [pytest.mark.hostile, pytest.mark.slow]
BROKEN_FILES = int(os.environ.get("NTF_BROKEN_FILES", "160"))
MAX_SECONDS, MAX_BYTES = 5.0, 1 << 30


def png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8) -> bytes:
    out = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    for name, content in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        out += struct.pack(">I", len(content)) + name + content
        out += struct.pack(">I", zlib.crc32(name + content))
    return out


def hostile_files() -> dict[str, bytes]:
    """Bombs of several kinds."""
    nothing = zlib.compress(b"\0" * 50_000_000, 9)
    gif = encode(make_noise(1, 8, 8), "GIF")
    frame = gif[gif.index(b"\x2c") : -1]
    return {
        "many_pixels.png": png(60_000, 60_000, (b"IDAT", nothing)),
        "under_the_limit.png": png(8_000, 7_990, (b"IDAT", zlib.compress(b"\0" * 191_768_010, 1))),
        "text_bomb.png": png(
            64, 64, *[(b"zTXt", b"a\0\0" + nothing)] * 40, (b"IDAT", zlib.compress(b"\0" * 12_352))
        ),
        "profile_bomb.png": png(64, 64, (b"iCCP", b"a\0\0" + nothing), (b"IDAT", b"")),
        "many_frames.gif": gif[:-1] + frame * 200_000 + b";",
        "empty.jpg": b"",
        "page.jpg": b"<!doctype html><svg>",
        "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
        "document.pdf": b"%PDF-1.7\n",
    }


def write_folder(folder: Path) -> int:
    """Mutations of every format by seed, and the bombs. Returns how many."""
    random = np.random.default_rng(11)
    sound = [encode(make_noise(3, 40, 24), name) for name in SAVE_OPTIONS]
    files = {f"{i}.bin": mutate(sound[i % len(sound)], random) for i in range(BROKEN_FILES)}
    files |= hostile_files()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return len(files)


class Watcher:
    """The most memory that a process and its children held, and the pause between lines."""

    def __init__(self, pid: int) -> None:
        self.most_bytes: Counter[str] = Counter()
        self._root = psutil.Process(pid)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(0.02):
            try:
                for process in (self._root, *self._root.children(recursive=True)):
                    name = "parent" if process == self._root else "decoder"
                    held = process.memory_info().rss
                    self.most_bytes[name] = max(self.most_bytes[name], held)
            except psutil.NoSuchProcess:
                continue


def test_every_file_has_its_reason_in_time_and_in_memory(tmp_path: Path) -> None:
    count = write_folder(tmp_path)
    command = [sys.executable, "-m", "cli", "check", "--json", str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
    )
    watcher = Watcher(process.pid)
    assert process.stdout is not None
    answers, waits = [], []
    last = None  # before the first line, the detector is loaded
    for line in process.stdout:
        now = time.monotonic()
        answers.append(json.loads(line))
        if last is not None:
            waits.append((now - last, answers[-1]["path"]))
        last = now
    watcher.stop()
    process.stdout.close()
    assert process.wait() == 1
    codes = Counter(answer.get("error", {"code": "judged"})["code"] for answer in answers)
    slowest = sorted(waits)[-3:]
    print(f"\n{count} files: {dict(codes)}; slowest {slowest}; {dict(watcher.most_bytes)}")  # noqa: T201
    assert len(answers) == count
    assert all(answer["error"]["message"] for answer in answers if "error" in answer)
    assert slowest[-1][0] < MAX_SECONDS, slowest
    assert max(watcher.most_bytes.values()) < MAX_BYTES
