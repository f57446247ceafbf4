"""The route of the search over notes. Texts are searched by another one: notes are found only when asked for (NOTE)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.access.dependencies import CanView, guarded
from api.kit.database import Session
from api.kit.errors import Invalid, NotFound
from api.kit.paging import Page, Paging
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
    q: Annotated[Body, Query(min_length=1, max_length=MAX_QUERY_CHARACTERS, description="The words to find.")],
    conversation_id: Annotated[UUID | None, Query(description="Only notes of this conversation.")] = None,
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
    shown, next_cursor = paging.cut(hits, lambda hit: (hit.note.note.created_at, hit.note.note.id))
    return Page(items=[_result(hit) for hit in shown], next_cursor=next_cursor)


def _result(hit: NoteHit) -> NoteSearchResult:
    return NoteSearchResult(
        note=NoteOut.of(hit.note),
        conversation=FoundIn.of(hit.found),
        highlights=Highlight.all_of(hit.note.note.body, hit.found.matches),
        snippet=SnippetOut.of(hit.found.snippet),
    )
