"""What crosses the wire of the search."""

from collections.abc import Sequence
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.conversations.rules import Status
from api.conversations.types import MessageOut
from api.directory.types import HolderOut
from api.notes.types import NoteOut
from api.search.rules import Snippet, Span, in_utf16
from api.search.searching import Found


class Highlight(BaseModel):
    """A part that matches, from `start` inclusive to `end` exclusive, in UTF-16 code units as JavaScript counts."""

    start: int
    """The first code unit that matches."""
    end: int
    """The code unit after the last that matches."""

    @classmethod
    def all_of(cls, text: str, matches: Sequence[Span]) -> list[Self]:
        return [cls(start=start, end=end) for start, end in in_utf16(text, matches)]


class SnippetOut(BaseModel):
    """The text, or a piece of a long one around its first match."""

    model_config = ConfigDict(title="Snippet")

    text: str
    """What to show of the text."""
    highlights: list[Highlight]
    """Within `text`."""
    cut_before: bool
    """Whether text is left out before it."""
    cut_after: bool
    """Whether text is left out after it."""

    @classmethod
    def of(cls, snippet: Snippet) -> Self:
        return cls(
            text=snippet.text,
            highlights=Highlight.all_of(snippet.text, snippet.matches),
            cut_before=snippet.cut_before,
            cut_after=snippet.cut_after,
        )


class FoundIn(BaseModel):
    """The conversation of a found message or note, under the name that the inbox shows."""

    id: UUID
    line_id: UUID
    """The line that texts are exchanged on."""
    phone_number: str
    """The other party's number, in E.164."""
    display_name: str
    """The name under which the inbox shows it."""
    status: Status
    """Unread, open or closed."""
    holders: list[HolderOut]
    """Who holds the number."""

    @classmethod
    def of(cls, found: Found) -> Self:
        conversation, number = found.conversation
        return cls(
            id=conversation.id,
            line_id=conversation.line_id,
            phone_number=number.number,
            display_name=found.display_name,
            status=Status(conversation.status),
            holders=[HolderOut.of(each) for each in found.holders],
        )


class SearchResult(BaseModel):
    message: MessageOut
    """The message that matches."""
    conversation: FoundIn
    """Where it is."""
    highlights: list[Highlight]
    """Within the message's `body`."""
    snippet: SnippetOut
    """A short piece to show."""


class NoteSearchResult(BaseModel):
    note: NoteOut
    """The note that matches."""
    conversation: FoundIn
    """Where it is."""
    highlights: list[Highlight]
    """Within the note's `body`."""
    snippet: SnippetOut
    """A short piece to show."""
