"""What crosses the wire in a search."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.conversations.message_schemas import MessageOut
from api.conversations.rules import Status
from api.directory.types import HolderOut
from api.kit.errors import Problem
from api.search.rules import Span, in_utf16


class Highlight(BaseModel):
    """A part that matches: from `start` up to `end`, which is not in it. UTF-16 code units, as JavaScript counts."""

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


class SearchTooBroad(Problem):
    """The database was stopped: too many messages have these words. The same search again would take as long."""

    status, type, title = 422, "/problems/search-too-broad", "This search takes too long"

    def __init__(self) -> None:
        super().__init__("Search for something more specific: a rarer word, or a longer one.")


def highlights_of(text: str, matches: Sequence[Span]) -> list[Highlight]:
    return [Highlight(start=start, end=end) for start, end in in_utf16(text, matches)]
