"""The rows of an export with their names, ready to be written in each format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.audit_log.names import names_of
from api.audit_log.types import AuditEntryOut
from api.consent.types import OptInCheckOut
from api.conversations.models import InboxRow, MessageRow
from api.conversations.scheduled import texts_by_ids
from api.conversations.scheduled_types import ScheduledTextOut
from api.conversations.service import conversations_by_ids, message_page
from api.conversations.types import MessageOut
from api.directory import service as directory
from api.directory.rules import display_name
from api.exports import source_queries
from api.exports.models import Export
from api.exports.rules import ExportKind, Source
from api.exports.source_queries import Key
from api.kit.phone import shown_number
from api.lines.service import lines_by_ids
from api.notes import service as notes
from api.notes.types import NoteOut

Content = MessageOut | NoteOut | AuditEntryOut | ScheduledTextOut


class ExportedMessage(MessageOut):
    """A message with what only its own page and the usage have."""

    opt_in_check: OptInCheckOut | None
    """The opt-in check with which it was claimed or, before that, accepted."""
    cost: str | None
    """What it cost, as a decimal number; null if that is unknown."""
    cost_currency: str | None
    """ISO 4217."""
    credits: str | None
    """What it took of the organization's credits."""

    @classmethod
    def of(cls, row: MessageRow) -> "ExportedMessage":
        message = row.message
        return cls(
            **dict(MessageOut.of(row)),
            opt_in_check=None if message.opt_in_check is None else OptInCheckOut.stored(message.opt_in_check),
            cost=None if message.cost is None else str(message.cost),
            cost_currency=message.cost_currency,
            credits=None if message.credits is None else str(message.credits),
        )


@dataclass(frozen=True)
class Thread:
    """The conversation of a row, in names of today."""

    id: UUID
    phone_number: str
    name: str
    """Its holders; else the number."""
    line: str
    """The label of its line."""


@dataclass(frozen=True)
class Item:
    kind: str
    """`message`, `note`, `audit_entry` or `scheduled_text`."""
    at: datetime
    content: Content
    thread: Thread | None
    """None for an audit entry that belongs to no conversation."""


@dataclass(frozen=True)
class Loaded:
    """Stored rows, to be turned into items outside of the event loop."""

    keys: Sequence[Key]
    messages: Mapping[UUID, MessageRow]
    notes: Mapping[UUID, Any]
    entries: Mapping[UUID, Any]
    entry_names: Mapping[UUID, Any]
    scheduled: Mapping[UUID, Any]
    threads: Mapping[UUID, Thread]
    with_wording: bool


async def load(session: AsyncSession, job: Export, keys: Sequence[Key]) -> Loaded:
    """Read the rows of these keys, and the names of their conversations, in a fixed number of statements."""
    organization_id = job.organization_id
    ids: dict[Source, list[UUID]] = {source: [] for source in Source}
    for key in keys:
        ids[key.source].append(key.id)
    wanted = ids[Source.MESSAGES]
    messages = (await message_page(session, organization_id, wanted, limit=len(wanted)))[0] if wanted else []
    note_views = await notes.views(session, organization_id, ids[Source.NOTES])
    entries = await source_queries.audit_entries(session, organization_id, [*ids[Source.AUDIT], *ids[Source.CONSENT]])
    scheduled = await texts_by_ids(session, organization_id, ids[Source.SCHEDULED])
    conversation_ids = {row.message.conversation_id for row in messages}
    conversation_ids |= {view.note.conversation_id for view in note_views.values()}
    conversation_ids |= {entry.conversation_id for entry in entries.values() if entry.conversation_id}
    conversation_ids |= {row.text.conversation_id for row in scheduled}
    return Loaded(
        keys=keys,
        messages={row.message.id: row for row in messages},
        notes=note_views,
        entries=entries,
        entry_names=await names_of(session, organization_id, list(entries.values())),
        scheduled={row.text.id: row for row in scheduled},
        threads=await threads_of(session, organization_id, conversation_ids),
        # Only administrators read what an edited or removed note said before, and only they export a range.
        with_wording=job.kind == ExportKind.RANGE,
    )


async def threads_of(session: AsyncSession, organization_id: UUID, ids: set[UUID]) -> dict[UUID, Thread]:
    rows: Mapping[UUID, InboxRow] = await conversations_by_ids(session, organization_id, ids)
    holders = await directory.holders(session, organization_id, [row.number.id for row in rows.values()])
    lines = await lines_by_ids(session, organization_id, list({row.conversation.line_id for row in rows.values()}))
    country = await access.country_of_organization(session, organization_id)
    return {
        conversation_id: Thread(
            id=conversation_id,
            phone_number=row.number.number,
            name=display_name(holders[row.number.id], phone_number=shown_number(row.number.number, country=country)),
            line=lines[row.conversation.line_id].label,
        )
        for conversation_id, row in rows.items()
    }


def items_of(loaded: Loaded) -> list[Item]:
    """In the order of the keys. A scheduled text that has just left or was withdrawn is left out."""
    return [item for key in loaded.keys if (item := _item(loaded, key)) is not None]


def _item(loaded: Loaded, key: Key) -> Item | None:
    match key.source:
        case Source.MESSAGES:
            message = ExportedMessage.of(loaded.messages[key.id])
            return Item("message", key.at, message, loaded.threads[message.conversation_id])
        case Source.NOTES:
            note = NoteOut.of(loaded.notes[key.id])
            return Item("note", key.at, note, loaded.threads[note.conversation_id])
        case Source.AUDIT | Source.CONSENT:
            entry = AuditEntryOut.of(
                loaded.entries[key.id], loaded.entry_names[key.id], with_wording=loaded.with_wording
            )
            thread = loaded.threads[entry.conversation_id] if entry.conversation_id else None
            return Item("audit_entry", key.at, entry, thread)
        case Source.SCHEDULED:
            row = loaded.scheduled.get(key.id)
            if row is None:
                return None
            text = ScheduledTextOut.of(row)
            return Item("scheduled_text", key.at, text, loaded.threads[text.conversation_id])


def as_json(model: BaseModel) -> dict[str, Any]:
    """As the API answers it."""
    shown: dict[str, Any] = model.model_dump(mode="json")
    return shown
