"""What the searches over messages and over notes share: reading the words, the limit of time, and what a hit shows."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations import service as conversations
from api.conversations.models import InboxRow
from api.directory.rules import Holder
from api.kit.database_unavailable import sqlstate
from api.kit.errors import Invalid
from api.search import queries
from api.search.errors import SearchTooBroad
from api.search.rules import Snippet, Span, Term, matches_in, parse_query, snippet_of

TIMEOUT_MS = 1_500
"""A person waits so long. Only a phrase of very common words in a very large organization takes as long."""

TURN = 2
"""Results before other requests get a turn: a text of `MAX_TEXT` characters takes about 2 ms to highlight."""

QUERY_CANCELED = "57014"
"""The SQLSTATE of a statement that was cancelled by its timeout."""


@dataclass(frozen=True)
class Found:
    """Where something was found: its conversation, and the words that match in its text."""

    conversation: InboxRow
    holders: Sequence[Holder]
    display_name: str
    matches: Sequence[Span]
    """In the text."""
    snippet: Snippet

    @classmethod
    def in_text(
        cls, text: str, terms: Sequence[Term], conversation: InboxRow, holders: Sequence[Holder], display_name: str
    ) -> Self:
        matches = matches_in(text, terms)
        return cls(conversation, holders, display_name, matches, snippet_of(text, matches))


async def read_search(
    session: AsyncSession, organization_id: UUID, q: str, *, of: str, conversation_id: UUID | None
) -> Sequence[Term]:
    """The words that are searched for. `of`: what is searched, in words.

    Raises `Invalid` if `q` has no word, and `NotFound` if the conversation is not in this organization.
    """
    terms = parse_query(q)
    if not terms:
        raise Invalid([("/query/q", f"Type a word of the {of}: a letter, a digit or an emoji.")])
    if conversation_id is not None:
        await conversations.require_conversation(session, organization_id, conversation_id)
    return terms


@asynccontextmanager
async def limited(session: AsyncSession) -> AsyncIterator[None]:
    """Raises `SearchTooBroad` if a statement within takes longer than `TIMEOUT_MS`."""
    await queries.limit_statements(session, milliseconds=TIMEOUT_MS)
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) != QUERY_CANCELED:
            raise
        raise SearchTooBroad from error
