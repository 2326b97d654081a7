"""Recordings: a short, valid WAV for a path, the same each time it is asked for."""

from __future__ import annotations

import math
import struct
import zlib
from functools import lru_cache

_RATE = 8000


def size(path: str) -> int:
    """Give the bytes that `wav` of the same path has."""
    return 44 + _samples(path)


def _samples(path: str) -> int:
    return 800 + zlib.crc32(path.encode()) % 800


@lru_cache(maxsize=64)
def wav(path: str) -> bytes:
    """Give a tenth of a second or two of a tone, 8-bit mono PCM at 8 kHz."""
    count = _samples(path)
    tone = 300 + zlib.crc32(path.encode()) % 400
    data = bytes(128 + int(60 * math.sin(2 * math.pi * tone * index / _RATE)) for index in range(count))
    return (
        b"RIFF"
        + struct.pack("<I", 36 + count)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, _RATE, _RATE, 1, 8)
        + b"data"
        + struct.pack("<I", count)
        + data
    )
