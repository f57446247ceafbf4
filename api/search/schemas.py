"""What crosses the wire of the search."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.conversations.rules import Status
from api.conversations.schemas import MessageOut
from api.directory.schemas import HolderOut


class Highlight(BaseModel):
    """A part that matches, from `start` inclusive to `end` exclusive, in UTF-16 code units as JavaScript counts."""

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
