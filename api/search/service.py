"""Searching messages (SEARCH-CONTENT, SEARCH-HOW)."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.rules import Principal
from api.conversations import service as conversations
from api.conversations.models import MessageRow
from api.directory import service as directory
from api.directory.rules import display_name
from api.kit.phone import shown_number
from api.kit.slices import in_turns
from api.search import queries
from api.search.queries import Filter
from api.search.searching import TURN, Found, limited, read_search


@dataclass(frozen=True)
class Hit:
    """A message that matches."""

    row: MessageRow
    found: Found


async def search(
    session: AsyncSession, principal: Principal, q: str, narrowed: Filter, *, limit: int
) -> tuple[list[Hit], bool]:
    """The messages that match, newest first, and whether there are more: at most `limit`, or fewer if they are long.

    Raises what `read_search` and `limited` raise.
    """
    organization_id = principal.organization_id
    terms = await read_search(session, organization_id, q, of="message", conversation_id=narrowed.conversation_id)
    async with limited(session):
        ids = await queries.matching_ids(session, organization_id, terms, narrowed, limit=limit + 1)
        rows, has_more = await conversations.message_page(session, organization_id, ids, limit=limit)
        inbox = await conversations.conversations_by_ids(
            session, organization_id, {row.message.conversation_id for row in rows}
        )
    holders = await directory.holders(session, organization_id, [each.number.id for each in inbox.values()])
    country = await access.country_of_organization(session, organization_id)
    hits: list[Hit] = []
    async for row in in_turns(rows, TURN):
        conversation = inbox[row.message.conversation_id]
        held_by, number = holders[conversation.number.id], conversation.number.number
        name = display_name(held_by, phone_number=shown_number(number, country=country))
        hits.append(Hit(row, Found.in_text(row.message.body, terms, conversation, held_by, name)))
    return hits, has_more
