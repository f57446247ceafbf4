"""What crosses the wire of the search."""

from collections.abc import Sequence
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.conversations.rules import Status
from api.conversations.types import MessageOut
from api.directory.types import HolderOut
from api.notes.types import NoteOut
from api.search.rules import Span, in_utf16


class Highlight(BaseModel):
    """A part that matches, from `start` inclusive to `end` exclusive, in UTF-16 code units as JavaScript counts."""

    start: int
    end: int

    @classmethod
    def all_of(cls, text: str, matches: Sequence[Span]) -> list[Self]:
        return [cls(start=start, end=end) for start, end in in_utf16(text, matches)]


class SnippetOut(BaseModel):
    """The text, or a piece of a long one around its first match."""

    model_config = ConfigDict(title="Snippet")

    text: str
    highlights: list[Highlight]
    """Within `text`."""
    cut_before: bool
    cut_after: bool


class FoundIn(BaseModel):
    """The conversation of a found message, under the name that the inbox shows."""

    id: UUID
    line_id: UUID
    phone_number: str
    display_name: str
    status: Status
    holders: list[HolderOut]


class SearchResult(BaseModel):
    message: MessageOut
    conversation: FoundIn
    highlights: list[Highlight]
    """Within the message's `body`."""
    snippet: SnippetOut


class NoteSearchResult(BaseModel):
    note: NoteOut
    conversation: FoundIn
    highlights: list[Highlight]
    """Within the note's `body`."""
    snippet: SnippetOut
