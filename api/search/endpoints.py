"""The route of the search over messages."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from api.access.dependencies import CanView, guarded
from api.conversations.message_rules import Direction
from api.conversations.types import MessageOut
from api.kit.database import Session
from api.kit.errors import Invalid, NotFound
from api.kit.paging import Page, Paging, encode_cursor
from api.kit.text import Body
from api.kit.times import Moment
from api.search import service
from api.search.errors import SearchTooBroad
from api.search.queries import Filter
from api.search.rules import MAX_QUERY_CHARACTERS
from api.search.schemas import FoundIn, Highlight, SearchResult, SnippetOut
from api.search.service import Hit

router = APIRouter(tags=["messages"])


async def search_filter(
    paging: Paging,
    conversation_id: Annotated[UUID | None, Query(description="Only messages of this conversation.")] = None,
    direction: Annotated[Direction | None, Query(description="Only received or only sent ones.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="The earliest time, inclusive.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="The latest time, exclusive.")] = None,
) -> Filter:
    return Filter(conversation_id, direction, since, until, paging.time_key())


@router.get("/messages/search", responses=guarded(NotFound, Invalid, SearchTooBroad))
async def search_messages(
    principal: CanView,
    session: Session,
    paging: Paging,
    q: Annotated[Body, Query(min_length=1, max_length=MAX_QUERY_CHARACTERS, description="The words to find.")],
    narrowed: Annotated[Filter, Depends(search_filter)],
) -> Page[SearchResult]:
    """Messages with these words, newest first: all of them, "quoted phrases" together, case and accents ignored.

    The last word is the beginning of one unless something follows it. `from` is inclusive, `to` is not.
    """
    hits, has_more = await service.search(session, principal, q, narrowed, limit=paging.limit)
    last = hits[-1].row.message if has_more else None
    return Page(
        items=[_result(hit) for hit in hits],
        next_cursor=encode_cursor(last.created_at, last.id) if last else None,
    )


def _result(hit: Hit) -> SearchResult:
    return SearchResult(
        message=MessageOut.of(hit.row),
        conversation=FoundIn.of(hit.found),
        highlights=Highlight.all_of(hit.row.message.body, hit.found.matches),
        snippet=SnippetOut.of(hit.found.snippet),
    )
