"""Searching what was written (SEARCH-CONTENT, SEARCH-HOW)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries as access
from api.conversations import service as conversations
from api.conversations.message_schemas import MessageOut
from api.conversations.rules import Status
from api.directory import service as directory
from api.directory.rules import display_name
from api.directory.types import HolderOut
from api.kit.errors import Invalid
from api.kit.phone import shown_number
from api.kit.slices import in_turns
from api.search import queries as search_queries
from api.search.queries import Filter, FoundPage, FoundRow
from api.search.rules import NothingToSearchError, SearchQuery, matches_in, parse_query, snippet_of
from api.search.schemas import FoundIn, SearchResult, SearchTooBroad, SnippetOut, highlights_of

TIMEOUT_MS = 1_500
"""What a person waits for. Only a phrase of very common words in a very large business comes near it."""

TURN = 2
"""Results between which others get their turn: a text of `MAX_TEXT` characters takes about 2 ms to highlight."""

QUERY_CANCELED = "57014"
"""The SQLSTATE of a statement that ran into its timeout."""


def parsed(q: str) -> SearchQuery:
    """Raises `Invalid` when there is no word in it."""
    try:
        return parse_query(q)
    except NothingToSearchError:
        raise Invalid([("/query/q", "Type a word of the message: a letter, a digit or an emoji.")]) from None


async def search(
    session: AsyncSession, organization_id: UUID, query: SearchQuery, narrowed: Filter, *, limit: int
) -> FoundPage:
    """Newest first. Raises `NotFound` for a conversation that is not there, `SearchTooBroad` past the timeout."""
    if narrowed.conversation_id is not None:
        await conversations.require_conversation(session, organization_id, narrowed.conversation_id)
    await search_queries.limit_statements(session, milliseconds=TIMEOUT_MS)
    try:
        return await search_queries.found(session, organization_id, query, narrowed, limit=limit)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != QUERY_CANCELED:
            raise
        raise SearchTooBroad from error


async def results_out(
    session: AsyncSession, organization_id: UUID, rows: Sequence[FoundRow], query: SearchQuery
) -> list[SearchResult]:
    number_ids = list(dict.fromkeys(found.conversation.number.id for found in rows))
    holders = await directory.holders(session, organization_id, number_ids)
    country = (await access.organization(session, organization_id)).country
    holders_out = {number_id: [HolderOut.of(each) for each in found] for number_id, found in holders.items()}
    results: list[SearchResult] = []
    async for found in in_turns(rows, TURN):
        body = found.row.message.body
        matches = matches_in(body, query)
        snippet = snippet_of(body, matches)
        conversation, number = found.conversation
        results.append(
            SearchResult(
                message=MessageOut.of(found.row),
                conversation=FoundIn(
                    id=conversation.id,
                    line_id=conversation.line_id,
                    phone_number=number.number,
                    display_name=display_name(
                        holders[number.id], phone_number=shown_number(number.number, country=country)
                    ),
                    status=Status(conversation.status),
                    holders=holders_out[number.id],
                ),
                highlights=highlights_of(body, matches),
                snippet=SnippetOut(
                    text=snippet.text,
                    highlights=highlights_of(snippet.text, snippet.matches),
                    cut_before=snippet.cut_before,
                    cut_after=snippet.cut_after,
                ),
            )
        )
    return results
