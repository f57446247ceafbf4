"""What an export is made of, its limits and its file's name, as pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

CHANNEL = "messenger_exports"
"""The NOTIFY channel that wakes the workers."""

MAX_UNFINISHED = 5
"""Exports of one organization that wait for a worker."""

MAX_KEPT_BYTES = 10_000_000_000
"""Bytes of all files of one organization."""

MAX_FILE_BYTES = 1_000_000_000
MAX_DAYS = 366
"""Days of a range."""

MAX_ATTEMPTS = 5
"""Failures at one place of an export, after which it is given up."""

KEPT = timedelta(days=7)
"""How long a finished file is kept."""

ROWS_KEPT = timedelta(days=90)
"""How long the job itself can be seen."""


class ExportKind(StrEnum):
    CONVERSATION = "conversation"
    PHONE_NUMBER = "phone_number"
    """A person's data request."""
    RANGE = "range"


class ExportFormat(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"
    HTML = "html"

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self]


MEDIA_TYPES = {
    ExportFormat.NDJSON: "application/x-ndjson; charset=utf-8",
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.HTML: "text/html; charset=utf-8",
}


class ExportState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    """Its file was deleted: by age, by a person, or because a number was erased."""


class Source(StrEnum):
    """Where rows of an export come from. Rows of one moment are in this order."""

    SCHEDULED = "scheduled"
    MESSAGES = "messages"
    NOTES = "notes"
    AUDIT = "audit"
    """Audit entries of conversations; in a range, those of consent too."""
    CONSENT = "consent"
    """Audit entries of a number's consent."""


SECTIONS: Mapping[ExportKind, tuple[tuple[Source, ...], ...]] = {
    ExportKind.CONVERSATION: (
        (Source.SCHEDULED,),
        (Source.MESSAGES, Source.NOTES, Source.AUDIT, Source.CONSENT),
    ),
    # Without notes and the staff's work: decision 0054.
    ExportKind.PHONE_NUMBER: ((Source.SCHEDULED,), (Source.MESSAGES,), (Source.CONSENT,)),
    ExportKind.RANGE: ((Source.SCHEDULED,), (Source.MESSAGES, Source.NOTES, Source.AUDIT)),
}
"""The sections of a file, one after another. The sources of one section are merged by time."""


@dataclass(frozen=True)
class Place:
    """How far an export is: its section, and the key of the last written row of each of the section's sources."""

    section: int = 0
    after: Mapping[str, list[Any]] | None = None
    day: str | None = None
    """The last day that a printable page has a heading for."""

    @classmethod
    def stored(cls, place: Mapping[str, Any]) -> "Place":
        return cls(place["section"], place["after"], place["day"])

    def as_json(self) -> dict[str, Any]:
        return {"section": self.section, "after": dict(self.after or {}), "day": self.day}


@dataclass(frozen=True, kw_only=True)
class NewExport:
    """An export to make. `conversation_id`, `phone_number` or `since`, as its kind needs."""

    kind: ExportKind
    format: ExportFormat
    conversation_id: UUID | None = None
    phone_number: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """The first moment after the range; None: the moment at which it begins."""
    line_id: UUID | None = None


def range_problems(new: NewExport, *, now: datetime) -> list[tuple[str, str]]:
    """What is wrong with its times, as pairs of JSON pointer and advice."""
    if new.since is None:
        return []
    if new.since >= now:
        return [("/from", "Use a time in the past.")]
    until = min(new.until or now, now)
    if new.since >= until:
        return [("/to", "Use a time after the one in `from`.")]
    if until - new.since > timedelta(days=MAX_DAYS):
        return [("/from", f"Export at most {MAX_DAYS} days at a time.")]
    return []


def file_name(kind: ExportKind, form: ExportFormat, *, slug: str, at: datetime) -> str:
    """Without the number and names: file names are shown in many places. `at`: in the organization's zone."""
    words = {
        ExportKind.CONVERSATION: "conversation",
        ExportKind.PHONE_NUMBER: "number",
        ExportKind.RANGE: "messages",
    }
    return f"{words[kind]}-{slug}-{at:%Y-%m-%d-%H%M}.{form.value}"
