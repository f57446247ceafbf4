"""The words of a text as PostgreSQL stores them in a tsvector; `search.rules` says which queries match them."""

from uuid import UUID

from api.kit.folding import FOLD, organization_key
from api.kit.text import MAX_LOOKED_AT

MAX_TEXT = MAX_LOOKED_AT
"""How many characters of a text are searched."""

MAX_WORD = 100
"""A lexeme may have 2,046 bytes; this many characters of any script stay below it."""

MAX_WORDS = 16_383
"""The last position that a tsvector can hold."""


def words_of(text: str) -> list[str]:
    """The words of a text, in order."""
    return [word[:MAX_WORD] for word in text[:MAX_TEXT].translate(FOLD).split(" ") if word][:MAX_WORDS]


def search_vector(body: str, *, organization_id: UUID) -> str:
    """A message's words with their positions, as PostgreSQL reads a tsvector."""
    key = organization_key(organization_id)
    positions: dict[str, list[str]] = {}
    for position, word in enumerate(words_of(body), start=1):
        positions.setdefault(word, []).append(str(position))
    return " ".join(f"'{key}{word}':{','.join(places)}" for word, places in positions.items())
