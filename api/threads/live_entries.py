"""What live events carry of threads: notes, audit entries and scheduled texts, each as an item of its thread."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit_log.names import names_of
from api.conversations.models import InboxRow
from api.conversations.service import conversations_by_ids
from api.live.events import Content
from api.live.gathering import Change, TooMuch
from api.live.service import THREAD_ENTRY
from api.notes import service as notes
from api.threads import queries
from api.threads.endpoints import item_out
from api.threads.rules import Kind
from api.threads.scheduled import scheduled_texts
from api.threads.service import Item, position_of

MAX_CONVERSATIONS = 100
"""Of one read."""


class ThreadEntryReader:
    """Reads the entries of threads that are new or have changed. One that is gone has the entry null.

    The wording of an audit entry, which administrators alone read, is left out.
    """

    types = frozenset({THREAD_ENTRY})

    async def __call__(
        self, session: AsyncSession, organization_id: UUID, changes: Sequence[Change]
    ) -> Sequence[Content]:
        ids = {UUID(change["conversation_id"]) for change in changes}
        if len(ids) > MAX_CONVERSATIONS:
            raise TooMuch
        rows = await conversations_by_ids(session, organization_id, list(ids))
        items = {
            **await _entries(session, organization_id, rows, _ids(changes, Kind.AUDIT_ENTRY)),
            **await _notes(session, organization_id, rows, _ids(changes, Kind.NOTE)),
            **await _scheduled(session, rows, _ids(changes, Kind.SCHEDULED_TEXT)),
        }
        contents = [(change, items.get(UUID(change["entry_id"]))) for change in changes]
        contents.sort(key=lambda each: str(each[1].position) if each[1] else "")
        return [
            Content(
                THREAD_ENTRY,
                {
                    "conversation_id": change["conversation_id"],
                    "kind": change["kind"],
                    "entry_id": change["entry_id"],
                    "entry": None if item is None else item_out(item, with_wording=False),
                },
            )
            for change, item in contents
        ]


def _ids(changes: Sequence[Change], kind: Kind) -> dict[UUID, UUID]:
    """The entries of a kind, each with its conversation."""
    return {UUID(each["entry_id"]): UUID(each["conversation_id"]) for each in changes if each["kind"] == kind}


async def _entries(
    session: AsyncSession, organization_id: UUID, rows: Mapping[UUID, InboxRow], wanted: Mapping[UUID, UUID]
) -> dict[UUID, Item]:
    found = await queries.entries(session, organization_id, list(wanted))
    names = await names_of(session, organization_id, found)
    return {
        each.id: Item(await position_of(session, rows[wanted[each.id]], each), (each, names[each.id]))
        for each in found
        if wanted[each.id] in rows
    }


async def _notes(
    session: AsyncSession, organization_id: UUID, rows: Mapping[UUID, InboxRow], wanted: Mapping[UUID, UUID]
) -> dict[UUID, Item]:
    views = await notes.views(session, organization_id, list(wanted))
    entries = await queries.entries(session, organization_id, [each.note.entry_id for each in views.values()])
    by_id = {each.id: each for each in entries}
    return {
        note_id: Item(await position_of(session, rows[wanted[note_id]], by_id[view.note.entry_id]), view)
        for note_id, view in views.items()
        if wanted[note_id] in rows
    }


async def _scheduled(
    session: AsyncSession, rows: Mapping[UUID, InboxRow], wanted: Mapping[UUID, UUID]
) -> dict[UUID, Item]:
    items: dict[UUID, Item] = {}
    for conversation_id in set(wanted.values()) & rows.keys():
        for place, text in (await scheduled_texts(session, rows[conversation_id], None, forwards=True)).items():
            items[place.id] = Item(place.position, text)
    return items
