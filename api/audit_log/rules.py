"""The filter of the log's entries, and the log as CSV."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from api.audit.rules import Action, EntryContent, shown_details
from api.kit.spreadsheets import BYTE_ORDER_MARK as BYTE_ORDER_MARK
from api.kit.spreadsheets import csv_rows
from api.kit.spreadsheets import safe_cell as safe_cell

COLUMNS = (
    *("at", "local_time", "action", "actor_kind", "actor_id", "actor_name"),
    *("phone_number", "holders", "holder_ids", "conversation_id", "line_label", "line_id", "message_id"),
    *("subject_kind", "subject_name", "subject_id", "details"),
    *("id", "chain_subject", "chain_number", "hash"),
)


@dataclass(frozen=True, kw_only=True)
class CsvNames:
    """The names in a line of the CSV, and the ids that they belong to."""

    holders: str = ""
    holder_ids: str = ""
    line_label: str | None = None
    line_id: UUID | None = None
    subject_kind: str | None = None
    subject_name: str | None = None
    subject_id: UUID | None = None


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
        """The given fields by their names in the query string."""
        fields = {
            "actor_id": self.actor_id,
            "phone_number": self.phone_number,
            "conversation_id": self.conversation_id,
            "action": self.action.value if self.action else None,
            "from": self.since.isoformat() if self.since else None,
            "to": self.until.isoformat() if self.until else None,
        }
        return {name: str(value) for name, value in fields.items() if value is not None}


def csv_head() -> str:
    return BYTE_ORDER_MARK + csv_rows([COLUMNS])


def csv_lines(entries: Iterable[tuple[EntryContent, bytes, CsvNames]], zone: ZoneInfo) -> str:
    """A line of RFC 4180 for each entry, its stored hash and its names.

    `local_time` is `at` in the organization's zone.
    """
    return csv_rows(
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
                names.holders,
                names.holder_ids,
                entry.conversation_id,
                names.line_label,
                names.line_id,
                entry.message_id,
                names.subject_kind,
                names.subject_name,
                names.subject_id,
                json.dumps(shown_details(entry.details), ensure_ascii=False, sort_keys=True),
                entry.id,
                entry.chain_subject,
                entry.chain_number,
                stored_hash.hex(),
            )
        ]
        for entry, stored_hash, names in entries
    )


def csv_name(slug: str, at: datetime, zone: ZoneInfo) -> str:
    """The file's name: the organization's slug, and the date in its zone."""
    return f"audit-log-{slug}-{at.astimezone(zone).date().isoformat()}.csv"
