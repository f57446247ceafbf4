"""Undoing the removal of a note (NOTE). Its wordings are in the audit log alone, so they come from there."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit import service as audit
from api.audit.models import AuditEntry
from api.audit.rules import WORDING, Action, Actor
from api.conversations.lifecycle import conversation_entry
from api.kit.database import database_time
from api.kit.errors import Conflict, Forbidden
from api.kit.ids import new_id
from api.kit.lexemes import search_vector
from api.live.service import announce_mention, announce_thread_entry
from api.notes import queries
from api.notes.models import Note, NoteVersion
from api.notes.rules import RESTORE_WITHIN, may_restore
from api.notes.service import MENTIONS, MENTIONS_READ, THREAD_KIND, NoteView, lock_note, view_of

GONE = "What this note said was erased, so it can't be restored."


async def restore_note(session: AsyncSession, principal: Principal, note_id: UUID) -> NoteView:
    """The note is again what it was: its text, earlier wordings, place and mentions. Nobody is told of it again.

    Nothing happens if it is not removed. Raises `NotFound`, `Forbidden` unless the principal has removed it, and
    `Conflict` after an hour or if its text was erased.
    """
    row, note = await lock_note(session, principal, note_id)
    if note.removed_at is None:
        return await view_of(session, note)
    removed_by = Actor.stored(note.removed_by)
    if removed_by is None or not may_restore(principal, removed_by):
        raise Forbidden("Only who has removed a note can undo it.")
    at = await database_time(session)
    if at - note.removed_at > RESTORE_WITHIN:
        raise Conflict("This note was removed more than an hour ago.")
    entries = await audit.wordings_of_note(
        session, note.organization_id, conversation_id=note.conversation_id, note_id=note.id
    )
    removal = next((each for each in reversed(entries) if each.action == Action.NOTE_REMOVED), None)
    if note.erased_at is not None or removal is None or any(WORDING not in each.details for each in entries):
        raise Conflict(GONE)
    entry = conversation_entry(Action.NOTE_RESTORED, principal.actor, row, details={"note_id": str(note.id)})
    await audit.record(session, note.organization_id, entry, at=at)
    note.body, note.removed_at, note.removed_by = removal.details[WORDING], None, None
    note.updated_at = at
    note.search = search_vector(note.body, organization_id=note.organization_id)
    session.add_all(_versions(note, [each for each in entries if each.action == Action.NOTE_EDITED]))
    await session.flush()
    await _mention_again(session, note, removal, at=at)
    announce_thread_entry(session, note.organization_id, note.conversation_id, kind=THREAD_KIND, entry_id=note.id)
    return await view_of(session, note)


def _versions(note: Note, edits: Sequence[AuditEntry]) -> list[NoteVersion]:
    """The earlier wordings. `edits`: the entries of its edits, in their order."""
    written = [note.created_at, *(each.at for each in edits)]
    return [
        NoteVersion(
            organization_id=note.organization_id,
            id=new_id(),
            note_id=note.id,
            number=number,
            body=each.details[WORDING],
            written_at=written[number - 1],
            replaced_at=each.at,
        )
        for number, each in enumerate(edits, start=1)
    ]


async def _mention_again(session: AsyncSession, note: Note, removal: AuditEntry, *, at: datetime) -> None:
    read = set(removal.details.get(MENTIONS_READ, ()))
    # Notes that a process of the release before removed: their mentions are not known.
    people = [UUID(each) for each in removal.details.get(MENTIONS, ())]
    await queries.add_mentions(
        session,
        [
            {
                "organization_id": note.organization_id,
                "id": new_id(),
                "note_id": note.id,
                "staff_member_id": each,
                "created_at": note.created_at,
                "read_at": at if str(each) in read else None,
            }
            for each in people
        ],
    )
    for each in people:
        announce_mention(session, note.organization_id, each)
