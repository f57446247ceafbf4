"""Searching internal notes (NOTE, SEARCH-HOW)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.conversations import service as conversations
from api.conversations.service import ConversationView
from api.kit.database_unavailable import sqlstate
from api.kit.errors import Invalid
from api.kit.slices import in_turns
from api.notes import service as notes
from api.notes.service import NoteView
from api.search import queries
from api.search.errors import SearchTooBroad
from api.search.rules import Snippet, Span, matches_in, parse_query, snippet_of
from api.search.service import QUERY_CANCELED, TIMEOUT_MS, TURN


@dataclass(frozen=True)
class NoteHit:
    """A note that matches, and its conversation."""

    note: NoteView
    found_in: ConversationView
    matches: Sequence[Span]
    """In the note's body."""
    snippet: Snippet


async def search_notes(
    session: AsyncSession,
    principal: Principal,
    q: str,
    *,
    conversation_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[NoteHit]:
    """The notes that match, newest first.

    Raises `Invalid` if `q` has no word, `NotFound` if the conversation is not in this organization, `SearchTooBroad`
    after `TIMEOUT_MS`.
    """
    organization_id = principal.organization_id
    terms = parse_query(q)
    if not terms:
        raise Invalid([("/query/q", "Type a word of the note: a letter, a digit or an emoji.")])
    if conversation_id is not None:
        await conversations.require_conversation(session, organization_id, conversation_id)
    await queries.limit_statements(session, milliseconds=TIMEOUT_MS)
    try:
        ids = await queries.matching_notes(
            session, organization_id, terms, conversation_id=conversation_id, before=before, limit=limit
        )
    except DBAPIError as error:
        if sqlstate(error) != QUERY_CANCELED:
            raise
        raise SearchTooBroad from error
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
        matches = matches_in(view.note.body, terms)
        snippet = snippet_of(view.note.body, matches)
        hits.append(NoteHit(view, threads[view.note.conversation_id], matches, snippet))
    return hits
