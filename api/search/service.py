"""Searching messages (SEARCH-CONTENT, SEARCH-HOW)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries as access
from api.access.rules import Principal
from api.conversations import service as conversations
from api.conversations.models import InboxRow, MessageRow
from api.directory import queries as directory
from api.directory.rules import Holder, display_name
from api.kit.errors import Invalid
from api.kit.phone import shown_number
from api.kit.slices import in_turns
from api.search import queries
from api.search.errors import SearchTooBroad
from api.search.queries import Filter
from api.search.rules import NothingToSearchError, SearchQuery, Snippet, Span, matches_in, parse_query, snippet_of

TIMEOUT_MS = 1_500
"""What a person waits for. Only a phrase of very common words in a very large organization comes near it."""

TURN = 2
"""Results after which other requests get their turn: a text of `MAX_TEXT` characters takes about 2 ms to highlight."""

QUERY_CANCELED = "57014"
"""The SQLSTATE of a statement that was cancelled by its timeout."""


@dataclass(frozen=True)
class Hit:
    """A message that matches, with what the result shows of it."""

    row: MessageRow
    conversation: InboxRow
    holders: list[Holder]
    display_name: str
    matches: Sequence[Span]
    """In the message's body."""
    snippet: Snippet


@dataclass(frozen=True)
class HitPage:
    hits: Sequence[Hit]
    has_more: bool


async def search(session: AsyncSession, principal: Principal, q: str, narrowed: Filter, *, limit: int) -> HitPage:
    """The messages that match, newest first.

    Raises `Invalid` if `q` has no word, `NotFound` if the conversation is not in this organization, `SearchTooBroad`
    after `TIMEOUT_MS`.
    """
    organization_id = principal.organization_id
    query = _parsed(q)
    if narrowed.conversation_id is not None:
        await conversations.require_conversation(session, organization_id, narrowed.conversation_id)
    await queries.limit_statements(session, milliseconds=TIMEOUT_MS)
    try:
        page = await queries.found(session, organization_id, query, narrowed, limit=limit)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != QUERY_CANCELED:
            raise
        raise SearchTooBroad from error
    number_ids = list(dict.fromkeys(found.conversation.number.id for found in page.rows))
    holders = await directory.holders(session, organization_id, number_ids)
    country = (await access.organization(session, organization_id)).country
    hits: list[Hit] = []
    async for found in in_turns(page.rows, TURN):
        number, body = found.conversation.number, found.row.message.body
        matches = matches_in(body, query)
        hits.append(
            Hit(
                row=found.row,
                conversation=found.conversation,
                holders=holders[number.id],
                display_name=display_name(
                    holders[number.id], phone_number=shown_number(number.number, country=country)
                ),
                matches=matches,
                snippet=snippet_of(body, matches),
            )
        )
    return HitPage(hits, page.has_more)


def _parsed(q: str) -> SearchQuery:
    try:
        return parse_query(q)
    except NothingToSearchError:
        raise Invalid([("/query/q", "Type a word of the message: a letter, a digit or an emoji.")]) from None
