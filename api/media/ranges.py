"""Pure rules of byte ranges (RFC 9110, section 14). Safari plays sound and video only from a server that has them."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


@dataclass(frozen=True)
class Range:
    """Both ends are included."""

    first: int
    last: int

    def header(self, size: int) -> str:
        return f"bytes {self.first}-{self.last}/{size}"


@dataclass(frozen=True)
class Unsatisfiable:
    def header(self, size: int) -> str:
        return f"bytes */{size}"


def read_range(given: str | None, *, size: int) -> Range | Unsatisfiable | None:
    """The one range that is asked for. None: the whole file, also for several ranges and for what cannot be read."""
    match = _ONE.fullmatch(given.strip()) if given else None
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return Range(size - length, size - 1) if length else Unsatisfiable()
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    if start >= size:
        return Unsatisfiable()
    return Range(start, end) if start <= end else None
