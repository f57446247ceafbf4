"""The route of the search over notes. Texts are searched by another one: notes are found only when asked for (NOTE)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.access.dependencies import CanView, guarded
from api.conversations.rules import Status
from api.directory.types import HolderOut
from api.kit.database import Session
from api.kit.errors import Invalid, NotFound
from api.kit.paging import Page, Paging, encode_cursor
from api.kit.text import Body
from api.notes.types import NoteOut
from api.search import note_search
from api.search.errors import SearchTooBroad
from api.search.note_search import NoteHit
from api.search.rules import MAX_QUERY_CHARACTERS
from api.search.schemas import FoundIn, Highlight, NoteSearchResult, SnippetOut

router = APIRouter(tags=["notes"])


@router.get("/notes/search", responses=guarded(NotFound, Invalid, SearchTooBroad))
async def search_notes(
    principal: CanView,
    session: Session,
    paging: Paging,
    q: Annotated[Body, Query(min_length=1, max_length=MAX_QUERY_CHARACTERS)],
    conversation_id: UUID | None = None,
) -> Page[NoteSearchResult]:
    """Internal notes with these words, newest first. Words and quotations are read as in the search over messages."""
    hits = await note_search.search_notes(
        session,
        principal,
        q,
        conversation_id=conversation_id,
        before=paging.time_key(),
        limit=paging.rows_to_read,
    )
    shown, has_more = hits[: paging.limit], len(hits) > paging.limit
    last = shown[-1].note.note if has_more else None
    return Page(
        items=[_result(hit) for hit in shown], next_cursor=encode_cursor(last.created_at, last.id) if last else None
    )


def _result(hit: NoteHit) -> NoteSearchResult:
    conversation, number = hit.found_in.row
    return NoteSearchResult(
        note=NoteOut.of(hit.note),
        conversation=FoundIn(
            id=conversation.id,
            line_id=conversation.line_id,
            phone_number=number.number,
            display_name=hit.found_in.display_name,
            status=Status(conversation.status),
            holders=[HolderOut.of(each) for each in hit.found_in.holders],
        ),
        highlights=Highlight.all_of(hit.note.note.body, hit.matches),
        snippet=SnippetOut(
            text=hit.snippet.text,
            highlights=Highlight.all_of(hit.snippet.text, hit.snippet.matches),
            cut_before=hit.snippet.cut_before,
            cut_after=hit.snippet.cut_after,
        ),
    )
