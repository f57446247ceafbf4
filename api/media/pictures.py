"""Pictures are made anew in a child process: a decoder that a stranger's picture breaks or floods ends there."""

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import structlog

from api.kit.errors import Unavailable
from api.media.rules import AVIF, GIF, JPEG, PNG, WEBP, Kind

PROGRAM = Path(__file__).with_name("reencode.py")

EDGE = 1600
"""Pixels of the longer side: as large as a phone's screen."""

PICTURE_BYTES = 250_000
"""Two pictures fit into what every line delivers, four into what most do."""

MOVING_BYTES = 500_000

SECONDS = 30.0

AT_ONCE = 2
MAX_WAITING = 16
"""Pictures that wait for their turn, in one process."""

FORMATS = {JPEG: "JPEG", PNG: "PNG", GIF: "GIF", WEBP: "WEBP", AVIF: "AVIF"}

WORDS = {
    "too_many_pixels": "This picture has too many pixels. Make it smaller first.",
    "too_many_frames": "This moving picture is too long. Send a shorter one.",
    "too_large": "This picture can't be made small enough for a text.",
    "unreadable": "This picture can't be read. It may be damaged.",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Made:
    """A picture without metadata, upright, and small enough to be texted."""

    content: bytes
    content_type: str
    width: int
    height: int


@dataclass(frozen=True)
class NotMade:
    words: str


class PictureMaker:
    """Makes a few pictures at a time, in turn."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def make(self, content: bytes, kind: Kind) -> Made | NotMade:
        """Raises `Unavailable` if too many pictures wait already."""
        if self._waiting >= MAX_WAITING:
            raise Unavailable("Too many pictures are being added at the moment. Try again.", retry_after_seconds=5)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(_make, content, FORMATS[kind])
        finally:
            self._waiting -= 1


def _make(content: bytes, as_format: str) -> Made | NotMade:
    limits = (str(EDGE), str(PICTURE_BYTES), str(MOVING_BYTES))
    try:
        # It needs nothing of the environment, which holds secrets.
        done = subprocess.run(  # noqa: S603  # Our own program.
            [sys.executable, "-I", str(PROGRAM), as_format, *limits],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        log.warning("media.picture_not_made", reason="timeout")
        return NotMade(WORDS["unreadable"])
    head, _, made = done.stdout.partition(b"\n")
    if done.returncode != 0 or not head:
        log.warning("media.picture_not_made", reason="ended", returncode=done.returncode)
        return NotMade(WORDS["unreadable"])
    said = json.loads(head)
    if "error" in said:
        log.info("media.picture_not_made", reason=said["error"], detail=said.get("detail"))
        return NotMade(WORDS[said["error"]])
    return Made(made, said["content_type"], said["width"], said["height"])
