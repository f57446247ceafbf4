"""Bianca's sticker: a smiling star, drawn into a PNG (RFC 2083, one byte of palette a pixel)."""

import struct
import zlib
from math import atan2, cos, hypot

SIZE = 360
PAPER, OUTLINE, STAR, CHEEK, FACE = range(5)
PALETTE = bytes((255, 250, 240, 60, 84, 110, 250, 196, 66, 240, 140, 120, 52, 40, 40))


def sticker() -> bytes:
    rows = (b"\x00" + bytes(_colour(x, y) for x in range(SIZE)) for y in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", PALETTE), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _colour(column: int, row: int) -> int:
    x, y = (column - SIZE / 2) / (SIZE / 2), (row - SIZE / 2) / (SIZE / 2)
    edge = 0.66 + 0.2 * cos(5 * atan2(x, -y))
    distance = hypot(x, y)
    if distance > edge:
        return OUTLINE if distance < edge + 0.05 else PAPER
    if min(hypot(x - 0.16, y + 0.12), hypot(x + 0.16, y + 0.12)) < 0.055:
        return FACE
    if y > 0.06 and 0.2 < hypot(x, y - 0.02) < 0.25:
        return FACE
    if min(hypot(x - 0.31, y - 0.06), hypot(x + 0.31, y - 0.06)) < 0.07:
        return CHEEK
    return STAR
