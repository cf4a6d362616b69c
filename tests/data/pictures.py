"""Pictures for tests, drawn when needed."""

import struct
import zlib

import numpy as np


def drawing(height=37, width=53, seed=0):
    """Smooth colours, uint8 (height, width, 3), without symmetry, so that every turn, reflection
    and crop shows."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [
        np.sin(2 * np.pi * (rng.uniform(0.5, 2) * x + rng.uniform(0.5, 2) * y + rng.uniform()))
        for _ in range(3)
    ]
    return (127.5 + 127.5 * np.stack(waves, axis=2)).astype(np.uint8)


def png(array, color, *chunks):
    """The bytes of a PNG, which Pillow cannot write at 16 bits a channel; `array` is (H, W) or (H,
    W, channels), uint8 or uint16."""
    rows = array.reshape(*array.shape[:2], -1).astype(array.dtype.newbyteorder(">"))
    header = struct.pack(
        ">IIBBBBB", array.shape[1], array.shape[0], 8 * array.dtype.itemsize, color, 0, 0, 0
    )
    content = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*one) for one in ((b"IHDR", header), *chunks, (b"IDAT", content), (b"IEND", b""))
    )


def _chunk(kind, content):
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )
