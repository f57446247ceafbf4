"""The filter of the log's entries, and the log as CSV."""

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from api.audit.rules import Action

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the machine's old code page."""

FORMULA = re.compile(r"[\s'\"]*[=+\-@]|[\t\r]")
"""What a spreadsheet may take for a formula: https://owasp.org/www-community/attacks/CSV_Injection, and the same after
quotes and white space, which some programs strip."""

COLUMNS = (
    "at",
    "local_time",
    "action",
    "actor_kind",
    "actor_id",
    "actor_name",
    "phone_number",
    "conversation_id",
    "message_id",
    "details",
    "id",
    "chain_subject",
    "chain_number",
    "hash",
)


@dataclass(frozen=True, kw_only=True)
class EntryFilter:
    """Entries that match every given field. `since` is the first moment, `until` the first one after."""

    actor_id: UUID | None = None
    phone_number: str | None = None
    conversation_id: UUID | None = None
    action: Action | None = None
    since: datetime | None = None
    until: datetime | None = None

    def as_json(self) -> dict[str, str]:
        """The given fields under their names in the query."""
        asked = {
            "actor_id": self.actor_id,
            "phone_number": self.phone_number,
            "conversation_id": self.conversation_id,
            "action": self.action.value if self.action else None,
            "from": self.since.isoformat() if self.since else None,
            "to": self.until.isoformat() if self.until else None,
        }
        return {name: str(value) for name, value in asked.items() if value is not None}


class StoredEntry(Protocol):
    """The columns of a stored entry that a spreadsheet shows."""

    @property
    def id(self) -> UUID: ...
    @property
    def at(self) -> datetime: ...
    @property
    def action(self) -> str: ...
    @property
    def actor_kind(self) -> str: ...
    @property
    def actor_id(self) -> UUID | None: ...
    @property
    def actor_name(self) -> str: ...
    @property
    def conversation_id(self) -> UUID | None: ...
    @property
    def message_id(self) -> UUID | None: ...
    @property
    def phone_number(self) -> str | None: ...
    @property
    def details(self) -> dict[str, Any]: ...
    @property
    def chain_subject(self) -> UUID: ...
    @property
    def chain_number(self) -> int: ...
    @property
    def hash(self) -> bytes: ...


def safe_cell(value: object) -> str:
    """The value as text that no spreadsheet calculates: what looks like a formula gets an apostrophe before it.

    E.164 numbers begin with `+`, so they get one too, and stay text with all their digits. Taking one apostrophe from
    before what looks like a formula gives the exact value back.
    """
    text = "" if value is None else str(value)
    return f"'{text}" if FORMULA.match(text) else text


def csv_head() -> str:
    return BYTE_ORDER_MARK + _lines([COLUMNS])


def csv_lines(entries: Iterable[StoredEntry], zone: ZoneInfo) -> str:
    """A line of RFC 4180 for each entry; `local_time` is `at` in the business's own zone."""
    return _lines(
        [
            safe_cell(value)
            for value in (
                entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
                entry.at.astimezone(zone).isoformat(timespec="seconds"),
                entry.action,
                entry.actor_kind,
                entry.actor_id,
                entry.actor_name,
                entry.phone_number,
                entry.conversation_id,
                entry.message_id,
                json.dumps(entry.details, ensure_ascii=False, sort_keys=True),
                entry.id,
                entry.chain_subject,
                entry.chain_number,
                entry.hash.hex(),
            )
        ]
        for entry in entries
    )


def _lines(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def csv_name(slug: str, at: datetime, zone: ZoneInfo) -> str:
    """The name of the file: whose log, and the day there."""
    return f"audit-log-{slug}-{at.astimezone(zone).date().isoformat()}.csv"
