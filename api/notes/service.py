"""Adding, editing, removing and reading notes (NOTE).

A note changes neither its conversation's status nor its place in the inbox. Its conversation's lock gives it its place
in the thread.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Permission, Principal, effective_permissions
from api.audit import service as audit
from api.audit.rules import WORDING, Action
from api.conversations.lifecycle import conversation_entry
from api.conversations.models import InboxRow
from api.conversations.service import lock_conversation, require_conversation
from api.kit.database import database_time
from api.kit.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited
from api.kit.ids import new_id
from api.kit.lexemes import search_vector
from api.live.service import announce_mention, announce_thread_entry
from api.notes import queries
from api.notes.models import Note, NoteMention, NoteVersion
from api.notes.queries import Mentioned
from api.notes.rules import MAX_EDITS, PER_AUTHOR, WINDOW, NewNote, NoteEdit, is_author, may_remove
from api.notifications.rules import Kind, NewNotice
from api.notifications.service import tell_all

MENTIONS, MENTIONS_READ = "mentions", "mentions_read"
"""In the details of the entry of a removal: ids of those who were mentioned, and of those who had read it."""

THREAD_KIND = "note"
"""Its kind in a thread."""


@dataclass(frozen=True)
class NoteView:
    note: Note
    mentions: Sequence[Mentioned]


@dataclass(frozen=True)
class MentionView:
    mention: NoteMention
    note: NoteView


async def add_note(session: AsyncSession, principal: Principal, conversation_id: UUID, new: NewNote) -> NoteView:
    """Raises `NotFound`, `Invalid` for a mention of somebody without SMS Logs, and `RateLimited`."""
    organization_id = principal.organization_id
    row = await lock_conversation(session, organization_id, conversation_id)
    at = await database_time(session)
    if await queries.count_since(session, organization_id, principal.id, since=at - WINDOW) >= PER_AUTHOR:
        raise RateLimited("These are very many notes. Wait a minute.", retry_after_seconds=60)
    mentioned = await _require_staff(session, organization_id, new.mentions)
    note_id = new_id()
    details = {"note_id": str(note_id), "mentions": [str(each) for each in mentioned]}
    entry = conversation_entry(Action.NOTE_ADDED, principal.actor, row, details=details)
    (entry_id,) = await audit.record(session, organization_id, entry, at=at)
    note = Note(
        organization_id=organization_id,
        id=note_id,
        conversation_id=conversation_id,
        entry_id=entry_id,
        body=new.body,
        search=search_vector(new.body, organization_id=organization_id),
        author_kind=principal.kind.value,
        author_id=principal.id,
        author_name=principal.name,
        created_at=at,
        updated_at=at,
        edits=0,
    )
    session.add(note)
    await session.flush()
    await _mention(session, note, mentioned, at=at)
    announce_thread_entry(session, organization_id, conversation_id, kind=THREAD_KIND, entry_id=note.id)
    return await view_of(session, note)


async def edit_note(session: AsyncSession, principal: Principal, note_id: UUID, edit: NoteEdit) -> NoteView:
    """Only by its author. Keeps the earlier wording. Raises `NotFound`, `Forbidden`, `Conflict` and `Invalid`."""
    row, note = await lock_note(session, principal, note_id)
    if not is_author(principal, author_kind=note.author_kind, author_id=note.author_id):
        raise Forbidden("Only its author can change a note.")
    if note.removed_at is not None or note.erased_at is not None:
        raise Conflict("This note was removed.")
    at = await database_time(session)
    if edit.mentions is not None:
        mentioned = await _require_staff(session, note.organization_id, edit.mentions)
        await _change_mentions(session, note, mentioned, at=at)
    if edit.body is not None and edit.body != note.body:
        await _reword(session, principal, row, note, edit.body, at=at)
    announce_thread_entry(session, note.organization_id, note.conversation_id, kind=THREAD_KIND, entry_id=note.id)
    return await view_of(session, note)


async def _reword(
    session: AsyncSession, principal: Principal, row: InboxRow, note: Note, body: str, *, at: datetime
) -> None:
    if note.edits >= MAX_EDITS:
        raise Conflict(f"This note was changed {MAX_EDITS} times. Write another one.")
    details = {"note_id": str(note.id), WORDING: note.body}
    await audit.record(
        session,
        note.organization_id,
        conversation_entry(Action.NOTE_EDITED, principal.actor, row, details=details),
        at=at,
    )
    note.edits += 1
    session.add(
        NoteVersion(
            organization_id=note.organization_id,
            id=new_id(),
            note_id=note.id,
            number=note.edits,
            body=note.body,
            written_at=note.edited_at or note.created_at,
            replaced_at=at,
        )
    )
    note.body, note.edited_at, note.updated_at = body, at, at
    note.search = search_vector(body, organization_id=note.organization_id)
    await session.flush()


async def remove_note(session: AsyncSession, principal: Principal, note_id: UUID) -> NoteView:
    """By its author or an administrator. A mark stays in the thread; its text stays in the audit log alone.

    Nothing happens if it was removed. Raises `NotFound` and `Forbidden`.
    """
    row, note = await lock_note(session, principal, note_id)
    if not may_remove(principal, author_kind=note.author_kind, author_id=note.author_id):
        raise Forbidden("Only its author or an administrator can remove a note.")
    if note.removed_at is not None:
        return await view_of(session, note)
    at = await database_time(session)
    mentioned = await queries.read_times(session, note.organization_id, note.id)
    details = {
        "note_id": str(note.id),
        WORDING: note.body,
        MENTIONS: [str(each) for each in mentioned],
        MENTIONS_READ: [str(each) for each, read_at in mentioned.items() if read_at is not None],
    }
    await audit.record(
        session,
        note.organization_id,
        conversation_entry(Action.NOTE_REMOVED, principal.actor, row, details=details),
        at=at,
    )
    await _change_mentions(session, note, [], at=at)
    await queries.delete_versions(session, note.organization_id, note.id)
    note.body, note.removed_at, note.removed_by = "", at, principal.actor.as_json()
    note.updated_at = at
    note.search = ""
    await session.flush()
    announce_thread_entry(session, note.organization_id, note.conversation_id, kind=THREAD_KIND, entry_id=note.id)
    return await view_of(session, note)


async def require_note(session: AsyncSession, principal: Principal, note_id: UUID) -> NoteView:
    """Raises `NotFound` if the id is not in the principal's organization (PERM-TENANT)."""
    return await view_of(session, await _require(session, principal.organization_id, note_id))


async def versions(session: AsyncSession, note: Note) -> Sequence[NoteVersion]:
    return await queries.versions(session, note.organization_id, note.id)


async def views(session: AsyncSession, organization_id: UUID, note_ids: Sequence[UUID]) -> dict[UUID, NoteView]:
    """The notes of this organization among these ids."""
    found = await queries.notes(session, organization_id, note_ids)
    return {each.note.id: each for each in await _views_of(session, organization_id, list(found.values()))}


async def view_of(session: AsyncSession, note: Note) -> NoteView:
    (view,) = await _views_of(session, note.organization_id, [note])
    return view


async def mentions(
    session: AsyncSession,
    principal: Principal,
    *,
    unread: bool,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[MentionView]:
    """The caller's own mentions, newest first. An API key has none."""
    organization_id = principal.organization_id
    rows = await queries.mentions_for(session, organization_id, principal.id, unread=unread, before=before, limit=limit)
    shown = {view.note.id: view for view in await _views_of(session, organization_id, [note for _, note in rows])}
    return [MentionView(mention, shown[note.id]) for mention, note in rows]


async def unread_mentions(session: AsyncSession, principal: Principal) -> int:
    return await queries.count_unread(session, principal.organization_id, principal.id)


async def mark_mentions_read(
    session: AsyncSession,
    principal: Principal,
    *,
    mention_ids: Sequence[UUID],
    conversation_id: UUID | None,
) -> int:
    """Mark the caller's own mentions as read: these, or those of a conversation. Returns how many are unread then.

    Raises `NotFound` if the conversation is not in this organization.
    """
    if conversation_id is not None:
        await require_conversation(session, principal.organization_id, conversation_id)
    marked = await queries.mark_read(
        session,
        principal.organization_id,
        principal.id,
        mention_ids=mention_ids,
        conversation_id=conversation_id,
    )
    if marked:
        announce_mention(session, principal.organization_id, principal.id)
    return await unread_mentions(session, principal)


async def _views_of(session: AsyncSession, organization_id: UUID, notes: Sequence[Note]) -> list[NoteView]:
    mentioned: dict[UUID, list[Mentioned]] = {note.id: [] for note in notes}
    for each in await queries.mentions_of(session, organization_id, list(mentioned)):
        mentioned[each.note_id].append(each)
    return [NoteView(note, mentioned[note.id]) for note in notes]


async def _require(session: AsyncSession, organization_id: UUID, note_id: UUID, *, again: bool = False) -> Note:
    found = await queries.note(session, organization_id, note_id, again=again)
    if found is None:
        raise NotFound("There is no such note.")
    return found


async def lock_note(session: AsyncSession, principal: Principal, note_id: UUID) -> tuple[InboxRow, Note]:
    """The note as it is under its conversation's lock."""
    organization_id = principal.organization_id
    note = await _require(session, organization_id, note_id)
    row = await lock_conversation(session, organization_id, note.conversation_id)
    return row, await _require(session, organization_id, note_id, again=True)


async def _require_staff(session: AsyncSession, organization_id: UUID, ids: Iterable[UUID]) -> list[UUID]:
    """The distinct ids. Raises `Invalid` unless each is of a staff member with SMS Logs."""
    wanted = list(dict.fromkeys(ids))
    able = {
        person.id
        for person in await queries.staff(session, organization_id, wanted)
        if Permission.SMS_LOGS in effective_permissions(person.permissions, is_admin=person.is_admin)
    }
    problems = [
        (f"/mentions/{index}", "Mention a staff member who has SMS Logs.")
        for index, each in enumerate(wanted)
        if each not in able
    ]
    if problems:
        raise Invalid(problems)
    return wanted


async def _change_mentions(session: AsyncSession, note: Note, wanted: Sequence[UUID], *, at: datetime) -> None:
    """Those who stay mentioned are not told again."""
    stored = {each.staff_member_id for each in await queries.mentions_of(session, note.organization_id, [note.id])}
    gone = stored.difference(wanted)
    if gone:
        await queries.delete_mentions(session, note.organization_id, note.id, list(gone))
        for person in sorted(gone):
            announce_mention(session, note.organization_id, person)
    await _mention(session, note, [each for each in wanted if each not in stored], at=at)


async def _mention(session: AsyncSession, note: Note, staff_member_ids: Sequence[UUID], *, at: datetime) -> None:
    await queries.add_mentions(
        session,
        [
            {
                "organization_id": note.organization_id,
                "id": new_id(),
                "note_id": note.id,
                "staff_member_id": each,
                "created_at": at,
            }
            for each in staff_member_ids
        ],
    )
    for each in staff_member_ids:
        announce_mention(session, note.organization_id, each, conversation_id=note.conversation_id, note_id=note.id)
    notices = [
        NewNotice(new_id(), Kind.MENTION, note.conversation_id, each, note.author_name)
        for each in staff_member_ids
        if each != note.author_id
    ]
    await tell_all(session, note.organization_id, notices)
