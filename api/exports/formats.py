"""NDJSON and CSV of an export."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.audit_log.types import AuditEntryOut
from api.consent.types import OptInCheckOut, RefusalOut
from api.conversations.message_rules import Direction
from api.conversations.scheduled_types import ScheduledTextOut
from api.conversations.types import Media, MessageOut
from api.exports.items import ExportedMessage, Item, as_json
from api.exports.rules import ExportKind
from api.kit.spreadsheets import BYTE_ORDER_MARK, csv_rows, safe_cell
from api.kit.times import rfc3339
from api.notes.types import NoteOut

FORMAT_VERSION = 1
"""Of NDJSON. Fields are only added within a version."""


@dataclass(frozen=True, kw_only=True)
class ConsentState:
    """What is known of a number's consent now."""

    phone_number: str
    stopped_at: datetime | None
    stop_source: str | None
    check: OptInCheckOut | None
    """For the default line. None if the organization has no line."""
    refusals: Sequence[RefusalOut]
    """Standing and lifted ones."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """What an export says of itself."""

    id: UUID
    kind: ExportKind
    organization: str
    slug: str
    zone: ZoneInfo
    name: str | None
    """Of its conversation, or of the number's holders."""
    phone_number: str | None
    conversation_id: UUID | None
    line: str | None
    since: datetime | None
    until: datetime
    made_by: str
    address: str
    """Of the service, in front of the addresses of files."""
    consent: ConsentState | None
    """Of the kind `phone_number`."""


# NDJSON.


def ndjson_opening(head: Head) -> str:
    lines: list[dict[str, Any]] = [
        {
            "kind": "export",
            "format_version": FORMAT_VERSION,
            "id": str(head.id),
            "export_kind": head.kind.value,
            "organization": {"slug": head.slug, "name": head.organization, "timezone": head.zone.key},
            "conversation_id": str(head.conversation_id) if head.conversation_id else None,
            "phone_number": head.phone_number,
            "name": head.name,
            "line": head.line,
            "from": rfc3339(head.since),
            "to": rfc3339(head.until),
            "created_by": head.made_by,
        }
    ]
    if head.consent is not None:
        state = head.consent
        lines.append(
            {
                "kind": "consent",
                "phone_number": state.phone_number,
                "stopped_at": rfc3339(state.stopped_at),
                "stop_source": state.stop_source,
                "opt_in_check": as_json(state.check) if state.check else None,
            }
        )
        lines += [
            {"kind": "refusal", "phone_number": state.phone_number, "refusal": as_json(each)} for each in state.refusals
        ]
    return _ndjson(lines)


def ndjson_lines(items: Iterable[Item], head: Head) -> str:
    return _ndjson(_line(item, head) for item in items)


def ndjson_closing(items: int) -> str:
    """The last line: without it the file is not whole."""
    return _ndjson([{"kind": "end", "items": items}])


def _line(item: Item, head: Head) -> dict[str, Any]:
    thread = item.thread
    shown = {
        "kind": item.kind,
        "phone_number": thread.phone_number if thread else None,
        "name": thread.name if thread else None,
        "line_label": thread.line if thread else None,
        **as_json(item.content),
    }
    for media in (*shown.get("media", ()), *shown.get("files", ())):
        media["url"] = absolute(media["url"], head)
    return shown


def _ndjson(lines: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(each, ensure_ascii=False, separators=(",", ":")) + "\n" for each in lines)


def absolute(url: str, head: Head) -> str:
    return f"{head.address}{url}" if url.startswith("/") else url


# What CSV and the printable page show of a row.


@dataclass(frozen=True, kw_only=True)
class Shown:
    author: str
    body: str
    files: Sequence[Media] = ()
    file_urls: Sequence[str] = ()
    """Files that were given by their addresses alone."""
    direction: str = ""
    status: str = ""
    error: str = ""
    cost: str = ""
    action: str = ""
    details: str = ""
    seq: int | None = None


def shown(item: Item) -> Shown:
    match item.content:
        case MessageOut() as message:
            return _shown_message(message, item)
        case NoteOut() as note:
            state = "removed" if note.removed else "erased" if note.erased_at else ""
            return Shown(author=note.author.name, body=note.body, status=state)
        case AuditEntryOut() as entry:
            details = json.dumps(entry.details, ensure_ascii=False, sort_keys=True)
            return Shown(author=entry.actor.name, body="", action=entry.action, details=details)
        case ScheduledTextOut() as text:
            return Shown(
                author=text.scheduled_by.name,
                body=text.body,
                files=text.files,
                file_urls=text.media_urls,
                direction=Direction.OUTBOUND.value,
                status=text.status,
                error=text.held.reason if text.held else "",
                details=f"send_at {rfc3339(text.send_at)}",
            )


def _shown_message(message: MessageOut, item: Item) -> Shown:
    is_inbound = message.direction is Direction.INBOUND
    sender = message.sent_by.name if message.sent_by else "Messenger"
    cost = ""
    if isinstance(message, ExportedMessage) and message.cost is not None:
        cost = f"{message.cost} {message.cost_currency or ''}".strip()
    return Shown(
        author=item.thread.name if is_inbound and item.thread else sender,
        body=message.body,
        files=message.media,
        direction=message.direction.value,
        status="erased" if message.erased_at else message.status.value,
        error=message.error.title if message.error else "",
        cost=cost,
        seq=message.seq,
    )


# CSV.

COLUMNS = (
    *("kind", "at", "local_time", "conversation_id", "name", "phone_number", "line", "seq", "direction", "author"),
    *("body", "files", "status", "error", "cost", "action", "details", "id", "metadata"),
)


def csv_opening(head: Head) -> str:
    rows: list[Sequence[object]] = [COLUMNS]
    if head.consent is not None:
        rows += [_consent_row(head, kind, at, details) for kind, at, details in _consent(head.consent)]
    return BYTE_ORDER_MARK + csv_rows([[safe_cell(cell) for cell in row] for row in rows])


def _consent(state: ConsentState) -> Iterable[tuple[str, datetime | None, dict[str, Any]]]:
    check = as_json(state.check) if state.check else None
    yield "consent", state.stopped_at, {"stop_source": state.stop_source, "opt_in_check": check}
    for refusal in state.refusals:
        yield "refusal", refusal.removed_at, as_json(refusal)


def _consent_row(head: Head, kind: str, at: datetime | None, details: dict[str, Any]) -> list[object]:
    cells: dict[str, object] = dict.fromkeys(COLUMNS, "")
    cells |= {"kind": kind, "phone_number": head.phone_number, "name": head.name}
    cells |= {"details": json.dumps(details, ensure_ascii=False, sort_keys=True)}
    cells |= _times(at, head)
    return list(cells.values())


def _times(at: datetime | None, head: Head) -> dict[str, object]:
    if at is None:
        return {}
    local = at.astimezone(head.zone).isoformat(timespec="seconds")
    return {"at": at.astimezone(UTC).isoformat(timespec="microseconds"), "local_time": local}


def csv_lines(items: Iterable[Item], head: Head) -> str:
    return csv_rows([[safe_cell(cell) for cell in _row(item, head).values()] for item in items])


def _row(item: Item, head: Head) -> dict[str, object]:
    row, thread = shown(item), item.thread
    cells: dict[str, object] = dict.fromkeys(COLUMNS, "")
    cells |= _times(item.at, head)
    if thread is not None:
        cells |= {"conversation_id": thread.id, "name": thread.name}
        cells |= {"phone_number": thread.phone_number, "line": thread.line}
    elif isinstance(item.content, AuditEntryOut):
        cells |= {"phone_number": item.content.phone_number}
    return cells | {
        "kind": item.kind,
        "seq": row.seq,
        "direction": row.direction,
        "author": row.author,
        "body": row.body,
        "files": " ".join([*(absolute(each.url, head) for each in row.files), *row.file_urls]),
        "status": row.status,
        "error": row.error,
        "cost": row.cost,
        "action": row.action,
        "details": row.details,
        "id": item.content.id,
        "metadata": _metadata(item),
    }


def _metadata(item: Item) -> str:
    metadata = item.content.metadata if isinstance(item.content, MessageOut | ScheduledTextOut) else {}
    return json.dumps(metadata, ensure_ascii=False, sort_keys=True) if metadata else ""
