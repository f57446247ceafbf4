"""What crosses the wire in a search."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.conversations.rules import Status
from api.directory.schemas import HolderOut
from api.kit.errors import Unavailable
from api.messages.schemas import MessageOut
from api.messages.search_rules import Span, in_utf16


class Highlight(BaseModel):
    """A part that matches, from `start` up to the unit before `end`, in UTF-16 code units, as JavaScript indexes text."""

    start: int
    end: int


class SnippetOut(BaseModel):
    """The text, or a piece of a long one around its first match."""

    model_config = ConfigDict(title="Snippet")

    text: str
    highlights: list[Highlight]
    """Within `text`."""
    cut_before: bool
    cut_after: bool


class FoundIn(BaseModel):
    """The conversation of a message that was found, as the inbox names it."""

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


class SearchTooBroad(Unavailable):
    """The database was given up on: too many messages have these words."""

    type, title = "/problems/search-too-broad", "This search takes too long"


def highlights_of(text: str, matches: Sequence[Span]) -> list[Highlight]:
    return [Highlight(start=start, end=end) for start, end in in_utf16(text, matches)]
