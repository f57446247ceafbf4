"""Searching messages (SEARCH-CONTENT, SEARCH-HOW)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.rules import Principal
from api.conversations import service as conversations
from api.conversations.models import InboxRow, MessageRow
from api.directory import service as directory
from api.directory.rules import Holder, display_name
from api.kit.database_unavailable import sqlstate
from api.kit.errors import Invalid
from api.kit.phone import shown_number
from api.kit.slices import in_turns
from api.search import queries
from api.search.errors import SearchTooBroad
from api.search.queries import Filter
from api.search.rules import Snippet, Span, matches_in, parse_query, snippet_of

TIMEOUT_MS = 1_500
"""A person waits so long. Only a phrase of very common words in a very large organization takes as long."""

TURN = 2
"""Results before other requests get a turn: a text of `MAX_TEXT` characters takes about 2 ms to highlight."""

QUERY_CANCELED = "57014"
"""The SQLSTATE of a statement that was cancelled by its timeout."""


@dataclass(frozen=True)
class Hit:
    """A message that matches, and its conversation."""

    row: MessageRow
    conversation: InboxRow
    holders: list[Holder]
    display_name: str
    matches: Sequence[Span]
    """In the message's body."""
    snippet: Snippet


async def search(
    session: AsyncSession, principal: Principal, q: str, narrowed: Filter, *, limit: int
) -> tuple[list[Hit], bool]:
    """The messages that match, newest first, and whether there are more: at most `limit`, or fewer if they are long.

    Raises `Invalid` if `q` has no word, `NotFound` if the conversation is not in this organization, `SearchTooBroad`
    after `TIMEOUT_MS`.
    """
    organization_id = principal.organization_id
    terms = parse_query(q)
    if not terms:
        raise Invalid([("/query/q", "Type a word of the message: a letter, a digit or an emoji.")])
    if narrowed.conversation_id is not None:
        await conversations.require_conversation(session, organization_id, narrowed.conversation_id)
    await queries.limit_statements(session, milliseconds=TIMEOUT_MS)
    try:
        ids = await queries.matching_ids(session, organization_id, terms, narrowed, limit=limit + 1)
        rows, has_more = await conversations.message_page(session, organization_id, ids, limit=limit)
        inbox = await conversations.conversations_by_ids(
            session, organization_id, {row.message.conversation_id for row in rows}
        )
    except DBAPIError as error:
        if sqlstate(error) != QUERY_CANCELED:
            raise
        raise SearchTooBroad from error
    holders = await directory.holders(session, organization_id, [each.number.id for each in inbox.values()])
    country = await access.country_of_organization(session, organization_id)
    hits: list[Hit] = []
    async for row in in_turns(rows, TURN):
        conversation = inbox[row.message.conversation_id]
        held_by, number = holders[conversation.number.id], conversation.number.number
        matches = matches_in(row.message.body, terms)
        hits.append(
            Hit(
                row=row,
                conversation=conversation,
                holders=held_by,
                display_name=display_name(held_by, phone_number=shown_number(number, country=country)),
                matches=matches,
                snippet=snippet_of(row.message.body, matches),
            )
        )
    return hits, has_more
