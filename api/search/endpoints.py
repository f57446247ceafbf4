"""The route of the search over messages."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.access.dependencies import CanView, guarded
from api.conversations.message_rules import Direction
from api.kit.database import Session
from api.kit.errors import Invalid, NotFound
from api.kit.paging import Page, Paging, decode_time_cursor, encode_cursor
from api.kit.text import Body
from api.kit.times import Moment
from api.search import service as service
from api.search.queries import Filter
from api.search.rules import MAX_QUERY_CHARACTERS
from api.search.schemas import SearchResult, SearchTooBroad

router = APIRouter(tags=["messages"])


@router.get("/messages/search", responses=guarded(NotFound, Invalid, SearchTooBroad))
async def search_messages(
    principal: CanView,
    session: Session,
    paging: Paging,
    q: Annotated[Body, Query(min_length=1, max_length=MAX_QUERY_CHARACTERS)],
    conversation_id: UUID | None = None,
    direction: Direction | None = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None,
) -> Page[SearchResult]:
    """Messages with these words, newest first: all of them, "quoted phrases" together, case and accents ignored.

    The last word is the beginning of one unless something follows it. `from` is inclusive, `to` is not.
    """
    query = service.parsed(q)
    narrowed = Filter(
        conversation_id=conversation_id,
        direction=direction,
        since=since,
        until=until,
        before=decode_time_cursor(paging.cursor) if paging.cursor else None,
    )
    page = await service.search(session, principal.organization_id, query, narrowed, limit=paging.limit)
    last = page.rows[-1].row.message if page.has_more else None
    return Page(
        items=await service.results_out(session, principal.organization_id, page.rows, query),
        next_cursor=encode_cursor(last.created_at, last.id) if last else None,
    )
