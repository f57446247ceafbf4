"""Routes of notes and mentions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.access.dependencies import CanView, guarded
from api.access.preconditions import if_match
from api.kit.database import Session
from api.kit.errors import Conflict, Forbidden, Invalid, NotFound
from api.kit.idempotency import IdempotencyInProgress, IdempotencyKeyHeader, IdempotencyMismatch, once
from api.kit.paging import Page, Paging
from api.notes import restore, service
from api.notes.rules import NewNote, NoteEdit
from api.notes.schemas import (
    MentionCount,
    MentionOut,
    MentionsRead,
    MentionState,
    NoteDetail,
    NoteIn,
    NotePatch,
    NoteVersionOut,
)
from api.notes.types import NoteOut

router = APIRouter(tags=["notes"])


@router.post(
    "/conversations/{conversation_id}/notes",
    status_code=201,
    response_model=NoteOut,
    responses=guarded(NotFound, IdempotencyInProgress, IdempotencyMismatch, Invalid),
)
async def add_note(
    conversation_id: UUID,
    body: NoteIn,
    principal: CanView,
    session: Session,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Write an internal note. It is never sent, and may be written whatever the opt-in check says."""

    async def add() -> tuple[int, NoteOut]:
        new = NewNote(body.body, tuple(body.mentions))
        return 201, NoteOut.of(await service.add_note(session, principal, conversation_id, new))

    return await once(
        session, add, key=idempotency_key, asked_by=principal, operation=f"add-note/{conversation_id}", request=body
    )


@router.get("/notes/{note_id}", responses=guarded(NotFound, Invalid))
async def get_note(note_id: UUID, principal: CanView, session: Session) -> NoteDetail:
    """One note with its earlier wordings. A removed note has neither text nor wordings."""
    view = await service.require_note(session, principal, note_id)
    versions = await service.versions(session, view.note)
    return NoteDetail(**dict(NoteOut.of(view)), versions=[NoteVersionOut.model_validate(each) for each in versions])


@router.patch(
    "/notes/{note_id}", dependencies=[if_match(get_note)], responses=guarded(NotFound, Forbidden, Conflict, Invalid)
)
async def edit_note(note_id: UUID, body: NotePatch, principal: CanView, session: Session) -> NoteOut:
    """Change the wording or the mentions of one's own note. The earlier wording is kept."""
    mentions = None if body.mentions is None else tuple(body.mentions)
    return NoteOut.of(await service.edit_note(session, principal, note_id, NoteEdit(body.body, mentions)))


@router.delete("/notes/{note_id}", dependencies=[if_match(get_note)], responses=guarded(NotFound, Forbidden, Invalid))
async def remove_note(note_id: UUID, principal: CanView, session: Session) -> NoteOut:
    """Remove a note: its author or an administrator. A mark stays, with who removed it and when."""
    return NoteOut.of(await service.remove_note(session, principal, note_id))


@router.post("/notes/{note_id}/restore", responses=guarded(NotFound, Forbidden, Conflict, Invalid))
async def restore_note(note_id: UUID, principal: CanView, session: Session) -> NoteOut:
    """Undo the removal of a note, for an hour: whoever removed it. It is the note that it was, in its place."""
    return NoteOut.of(await restore.restore_note(session, principal, note_id))


@router.get("/mentions", responses=guarded(Invalid))
async def list_mentions(
    principal: CanView,
    session: Session,
    paging: Paging,
    state: Annotated[MentionState, Query(description="Only unread ones, or all.")] = MentionState.ALL,
) -> Page[MentionOut]:
    """The caller's own mentions, newest first. An API key has none."""
    rows = await service.mentions(
        session,
        principal,
        unread=state is MentionState.UNREAD,
        before=paging.time_key(),
        limit=paging.rows_to_read,
    )
    shown, next_cursor = paging.cut(rows, lambda row: (row.mention.created_at, row.mention.id))
    return Page(items=[MentionOut.of(row) for row in shown], next_cursor=next_cursor)


@router.get("/mentions/count", responses=guarded())
async def count_mentions(principal: CanView, session: Session) -> MentionCount:
    """How many of the caller's own mentions are unread."""
    return MentionCount(unread=await service.unread_mentions(session, principal))


@router.post("/mentions/read", responses=guarded(NotFound, Invalid))
async def mark_mentions_read(body: MentionsRead, principal: CanView, session: Session) -> MentionCount:
    """Mark the caller's own mentions as read: these, or those of a conversation. Others' are left out."""
    unread = await service.mark_mentions_read(
        session, principal, mention_ids=body.mention_ids, conversation_id=body.conversation_id
    )
    return MentionCount(unread=unread)
