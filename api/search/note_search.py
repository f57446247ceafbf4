"""Searching internal notes (NOTE, SEARCH-HOW)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.conversations import service as conversations
from api.kit.slices import in_turns
from api.notes import service as notes
from api.notes.service import NoteView
from api.search import queries
from api.search.searching import TURN, Found, limited, read_search


@dataclass(frozen=True)
class NoteHit:
    """A note that matches."""

    note: NoteView
    found: Found


async def search_notes(
    session: AsyncSession,
    principal: Principal,
    q: str,
    *,
    conversation_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[NoteHit]:
    """The notes that match, newest first. Raises what `read_search` and `limited` raise."""
    organization_id = principal.organization_id
    terms = await read_search(session, organization_id, q, of="note", conversation_id=conversation_id)
    async with limited(session):
        ids = await queries.matching_notes(
            session, organization_id, terms, conversation_id=conversation_id, before=before, limit=limit
        )
    found = await notes.views(session, organization_id, ids)
    rows = await conversations.conversations_by_ids(
        session, organization_id, {view.note.conversation_id for view in found.values()}
    )
    threads = {
        view.row.conversation.id: view for view in await conversations.views_of(session, principal, list(rows.values()))
    }
    hits: list[NoteHit] = []
    async for note_id in in_turns(ids, TURN):
        view = found[note_id]
        thread = threads[view.note.conversation_id]
        hits.append(
            NoteHit(view, Found.in_text(view.note.body, terms, thread.row, thread.holders, thread.display_name))
        )
    return hits
