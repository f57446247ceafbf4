"""The order of a thread, as pure rules.

| item | its position |
| --- | --- |
| a message | (its `seq`, 0) |
| an audit entry of the conversation | (`seq` of the last message when it was written, its number in the chain) |
| a note | that of its `note.added` entry |
| an entry about the number, or one of a version before 0022 | after the item that was the last at its time |
| a scheduled text | after everything else, in order of its time |

The conversation's lock and its audit chain's give the first three their order: no clock takes part. Entries about the
number are in the organization's chain, which several threads share. The database's clock places them; it is read under
the number's lock, as for each message of the number.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Self
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCHEDULED_SEQ = 9_999_999_999
"""Above the `seq` of any message."""


class Kind(StrEnum):
    MESSAGE = "message"
    NOTE = "note"
    AUDIT_ENTRY = "audit_entry"
    SCHEDULED_TEXT = "scheduled_text"


class Position(NamedTuple):
    """The place of an item. As text it sorts as the items do."""

    seq: int
    number: int
    """0 for a message, else the number of an audit entry in the conversation's chain."""
    at: int
    """Microseconds since 1970. It orders only items of the same `seq` and `number`."""
    row: str = ""
    """The id, as 32 hexadecimal digits, of an item that is placed by its time; empty for others."""

    @classmethod
    def of_message(cls, seq: int, at: datetime) -> Self:
        return cls(seq, 0, microseconds(at))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None if it is not a position."""
        found = _FORM.fullmatch(text)
        return cls(int(found[1]), int(found[2]), int(found[3]), found[4] or "") if found else None

    def __str__(self) -> str:
        row = f"-{self.row}" if self.row else ""
        return f"{self.seq:010d}-{self.number:012d}-{self.at:017d}{row}"

    @property
    def time(self) -> datetime:
        return EPOCH + timedelta(microseconds=self.at)

    @property
    def row_id(self) -> UUID:
        """The lowest id for an item that is not placed by its time."""
        return UUID(self.row or "0" * 32)


FORM = r"([0-9]{10})-([0-9]{12})-([0-9]{17})(?:-([0-9a-f]{32}))?"
"""What a position is as text."""
_FORM = re.compile(FORM, re.ASCII)

START = Position(0, 0, 0)


def microseconds(at: datetime) -> int:
    return max(0, (at - EPOCH) // timedelta(microseconds=1))


@dataclass(frozen=True)
class Placed:
    """An item of a thread that is still to be read."""

    position: Position
    kind: Kind
    id: UUID
    """Of the message, the note, the audit entry or the scheduled text."""


class TimedRow(NamedTuple):
    id: UUID
    at: datetime


def place_timed(rows: Iterable[TimedRow], anchors: Sequence[Position]) -> list[Position]:
    """The positions of rows that are placed by their time: each after the last anchor that is not later.

    `anchors`: positions of messages and numbered entries, in order. A row that is earlier than each of them stands at
    the start.
    """
    placed = []
    for row in rows:
        at = microseconds(row.at)
        anchor = next((each for each in reversed(anchors) if each.at <= at), START)
        placed.append(Position(anchor.seq, anchor.number, at, row.id.hex))
    return placed
