"""A page of a thread: the items of every source, merged by their positions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit.models import AuditEntry
from api.audit.rules import OF_NUMBERS, Action
from api.audit_log.names import EntryNames, names_of
from api.conversations import service as conversations
from api.conversations.models import InboxRow, MessageRow
from api.conversations.scheduled import ScheduledRow
from api.kit.errors import Invalid, NotFound
from api.kit.phone import old_spellings
from api.notes import service as notes
from api.notes.service import NoteView
from api.threads import queries
from api.threads.queries import Range
from api.threads.rules import START, Kind, Placed, Position, TimedRow, place_timed
from api.threads.scheduled import scheduled_texts


class ThreadWindow(NamedTuple):
    """Which part of a thread a page shows: before, after or around a place; the newest if all are None."""

    before: str | None = None
    after: str | None = None
    around: str | None = None


@dataclass(frozen=True)
class Item:
    position: Position
    content: MessageRow | NoteView | tuple[AuditEntry, EntryNames] | ScheduledRow


@dataclass(frozen=True)
class ThreadPage:
    items: Sequence[Item]
    """In order."""
    has_before: bool
    has_after: bool


@dataclass(frozen=True)
class _Found:
    """Items that are placed, in order, and the audit entries among them."""

    placed: list[Placed]
    has_more: bool
    entries: Mapping[UUID, AuditEntry]
    scheduled: Mapping[Placed, ScheduledRow]


async def thread(
    session: AsyncSession, principal: Principal, conversation_id: UUID, window: ThreadWindow, *, limit: int
) -> ThreadPage:
    """Raises `NotFound` if the conversation, or the item to look around, is not in this organization (PERM-TENANT).

    Raises `Invalid` for a place that is none.
    """
    row = await conversations.require_conversation(session, principal.organization_id, conversation_id)
    if window.around is not None:
        start = await _start_around(session, row, await _place(session, row, window.around), count=limit // 2)
        return await _page(session, row, Range(start, True, limit), has_before=start != START)
    if window.after is not None:
        after = _parse(window.after, "/query/after")
        return await _page(session, row, Range(after, True, limit), has_before=True)
    before = None if window.before is None else _parse(window.before, "/query/before")
    return await _page(session, row, Range(before, False, limit), has_after=before is not None)


def _parse(text: str, pointer: str) -> Position:
    position = Position.parse(text)
    if position is None:
        raise Invalid([(pointer, "Use the position of an item of this thread, unchanged.")])
    return position


async def _start_around(session: AsyncSession, row: InboxRow, position: Position, *, count: int) -> Position:
    """The position after which a page starts that shows `count` items before this one."""
    earlier = await _find(session, row, Range(position, False, count + 1))
    return earlier.placed[0].position if len(earlier.placed) > count else START


async def _page(
    session: AsyncSession, row: InboxRow, wanted: Range, *, has_before: bool = False, has_after: bool = False
) -> ThreadPage:
    found = await _find(session, row, wanted)
    items, is_whole = await _read(session, row, found, wanted)
    has_more = found.has_more or not is_whole
    if wanted.forwards:
        return ThreadPage(items, has_before=has_before, has_after=has_more)
    return ThreadPage(items, has_before=has_more, has_after=has_after)


async def _find(session: AsyncSession, row: InboxRow, wanted: Range) -> _Found:
    """The items of the range, in order, and whether there are more beyond it."""
    one_more = wanted._replace(limit=wanted.limit + 1)
    messages = await queries.messages(session, row, one_more)
    numbered = await queries.numbered_entries(session, row, one_more)
    timed = await queries.timed_entries(session, row, one_more)
    placed = [Placed(Position.of_message(each.seq, each.created_at), Kind.MESSAGE, each.id) for each in messages]
    placed += [_placed(each, _position(each)) for each in numbered]
    anchors = sorted(each.position for each in placed)
    if wanted.forwards and wanted.position is not None:
        anchors.insert(0, wanted.position._replace(at=0, row=""))
    positions = place_timed([TimedRow(each.id, each.at) for each in timed], anchors)
    placed += [_placed(each, position) for each, position in zip(timed, positions, strict=True)]
    scheduled = await scheduled_texts(session, row, wanted.position, forwards=wanted.forwards)
    placed += scheduled
    placed.sort(key=lambda each: each.position)
    shown = placed[: wanted.limit] if wanted.forwards else placed[-wanted.limit :]
    entries = {each.id: each for each in (*numbered, *timed)}
    return _Found(shown, len(placed) > wanted.limit, entries, scheduled)


def _position(entry: AuditEntry) -> Position:
    assert entry.after_seq is not None
    return Position.of_message(entry.after_seq, entry.at)._replace(number=entry.chain_number)


def _placed(entry: AuditEntry, position: Position) -> Placed:
    """A note stands where its entry stands."""
    if entry.action == Action.NOTE_ADDED:
        return Placed(position, Kind.NOTE, UUID(entry.details["note_id"]))
    return Placed(position, Kind.AUDIT_ENTRY, entry.id)


async def _read(session: AsyncSession, row: InboxRow, found: _Found, wanted: Range) -> tuple[list[Item], bool]:
    """The items with their content, and whether all fit on a page: long messages take several."""
    organization_id = row.conversation.organization_id
    nearest_first = found.placed if wanted.forwards else found.placed[::-1]
    ids = [each.id for each in nearest_first if each.kind is Kind.MESSAGE]
    rows: list[MessageRow] = []
    has_more = False
    if ids:
        rows, has_more = await conversations.message_page(session, organization_id, ids, limit=len(ids))
    by_id = {each.message.id: each for each in rows}
    views = await notes.views(session, organization_id, [e.id for e in nearest_first if e.kind is Kind.NOTE])
    shown_entries = [found.entries[e.id] for e in nearest_first if e.kind is Kind.AUDIT_ENTRY]
    names = await names_of(session, organization_id, shown_entries)
    items: list[Item] = []
    for each in nearest_first:
        if each.kind is Kind.MESSAGE:
            if each.id not in by_id:
                break
            items.append(Item(each.position, by_id[each.id]))
        elif each.kind is Kind.NOTE:
            items.append(Item(each.position, views[each.id]))
        elif each.kind is Kind.SCHEDULED_TEXT:
            items.append(Item(each.position, found.scheduled[each]))
        else:
            items.append(Item(each.position, (found.entries[each.id], names[each.id])))
    return items if wanted.forwards else items[::-1], not has_more


async def _place(session: AsyncSession, row: InboxRow, text: str) -> Position:
    """The position that a request names: a position, the `seq` of a message, or the id of any item."""
    if (position := Position.parse(text)) is not None:
        return position
    found: Position | None = None
    if text.isascii() and text.isdigit() and len(text) <= 10:
        message = await queries.message_with_seq(session, row, min(int(text), queries.MAX_SEQ))
        found = Position.of_message(message.seq, message.created_at) if message else None
    else:
        try:
            found = await _place_of_id(session, row, UUID(text))
        except ValueError:
            raise Invalid([("/query/around", "Use a position, a seq, or an id of an item.")]) from None
    if found is None:
        raise NotFound("There is no such item in this conversation.")
    return found


async def _place_of_id(session: AsyncSession, row: InboxRow, item_id: UUID) -> Position | None:
    organization_id = row.conversation.organization_id
    if (message := await queries.message_with_id(session, row, item_id)) is not None:
        return Position.of_message(message.seq, message.created_at)
    for place in await scheduled_texts(session, row, None, forwards=True):
        if place.id == item_id:
            return place.position
    note = (await notes.views(session, organization_id, [item_id])).get(item_id)
    entry = await queries.entry(session, organization_id, note.note.entry_id if note else item_id)
    if entry is None:
        return None
    if entry.conversation_id == row.conversation.id and entry.after_seq is not None:
        return _position(entry)
    is_timed = entry.conversation_id == row.conversation.id or (
        entry.conversation_id is None and entry.action in OF_NUMBERS and entry.phone_number in _spellings(row)
    )
    return await _timed_position(session, row, entry) if is_timed else None


def _spellings(row: InboxRow) -> tuple[str, ...]:
    return (row.number.number, *old_spellings(row.number.number))


async def position_of(session: AsyncSession, row: InboxRow, entry: AuditEntry) -> Position:
    """The place of an entry of this conversation."""
    return await _timed_position(session, row, entry) if entry.after_seq is None else _position(entry)


async def _timed_position(session: AsyncSession, row: InboxRow, entry: AuditEntry) -> Position:
    message = await queries.last_message_at(session, row, entry.at)
    seq = message.seq if message else 0
    anchor = Position(seq, await queries.last_number_at(session, row, seq, entry.at), 0)
    (position,) = place_timed([TimedRow(entry.id, entry.at)], [anchor])
    return position
