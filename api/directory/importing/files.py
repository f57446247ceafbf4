"""The file of an upload, until it is read."""

import asyncio
import codecs
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import IO

from api.kit.errors import Invalid, Unreadable

IN_MEMORY = 1024 * 1024
"""Bytes of a temporary file before it lies on the disk."""


def temporary_file() -> IO[bytes]:
    return SpooledTemporaryFile(max_size=IN_MEMORY)  # The caller closes it.


async def spool(chunks: AsyncIterator[bytes], file: IO[bytes]) -> None:
    """Take in the upload. Raises `Unreadable` at the first byte that is not UTF-8, `Invalid` when there is nothing."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    waiting = bytearray()
    before, lines = 0, 1

    def take(data: bytes, *, final: bool) -> None:
        nonlocal before, lines
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(data, final)
        except UnicodeDecodeError as error:
            offset = before - pending + error.start
            line = lines + data[: max(0, error.start - pending)].count(b"\n")
            raise Unreadable(
                f"The file is not UTF-8: byte {offset} (counted from 0), in line {line}, does not belong there. "
                "Save it as UTF-8; spreadsheet programs call it “CSV UTF-8”."
            ) from None
        before += len(data)
        lines += data.count(b"\n")
        file.write(data)

    async for chunk in chunks:
        waiting += chunk
        if len(waiting) >= IN_MEMORY // 4:
            await asyncio.to_thread(take, bytes(waiting), final=False)
            waiting.clear()
    take(bytes(waiting), final=True)
    if before == 0:
        raise Invalid([("", "The file is empty.")])
