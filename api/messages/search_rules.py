"""What a search finds: words, queries, and which parts of a text they match (SEARCH-CONTENT, SEARCH-HOW).

**Words.** A text is folded character by character (`kit.folding`); what is left between separators are its words.

- Words are told apart by their first `MAX_WORD` characters. Of a text, its first `MAX_TEXT` characters and its first
  `MAX_WORDS` words are searched, and phrases among the first 255 places of each word (PostgreSQL's limit).

**Queries.** A message matches when all terms of the query do, in any order. What stands in quotation marks is one term,
and so is what is typed without a space between: its words must follow each other. The last word of the query is the
beginning of a word (it is still being typed), unless something follows it: a space, a closing quotation mark, any
separator.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from api.kit.folding import APOSTROPHES, FOLD

MAX_TEXT = 20_000
"""Characters of a text that are searched: twice the longest message that a carrier delivers."""

MAX_WORD = 100
"""A lexeme may have 2,046 bytes; this many characters of any script stay below it."""

MAX_WORDS = 16_383
"""The last position that a tsvector can hold."""

MAX_QUERY_CHARACTERS = 300

SNIPPET_CHARACTERS = 160
_CONTEXT_BEFORE = 40
_CUT_SLACK = 20

_QUOTES = re.compile('["\u201c\u201d\u201e\u201f\uff02]')
"""Straight, and curved as telephones write them."""


def words_of(text: str) -> list[str]:
    """The words of a text, in order."""
    return [word[:MAX_WORD] for word in text[:MAX_TEXT].translate(FOLD).split(" ") if word][:MAX_WORDS]


class NothingToSearchError(ValueError):
    """The query has no word."""


@dataclass(frozen=True)
class Term:
    """Words that follow each other."""

    words: tuple[str, ...]
    is_prefix: bool = False
    """The last word is the beginning of one."""


@dataclass(frozen=True)
class SearchQuery:
    terms: tuple[Term, ...]


def parse_query(text: str) -> SearchQuery:
    """What somebody typed, as terms. A quotation that is not closed yet reaches to the end.

    Raises `NothingToSearchError`.
    """
    terms: list[Term] = []
    parts = _QUOTES.split(text)
    for index, part in enumerate(parts):
        is_quotation = index % 2 == 1
        for piece in [part] if is_quotation else part.split():
            if words := words_of(piece):
                terms.append(Term(tuple(words)))
    if not terms:
        raise NothingToSearchError
    still_typed = parts[-1].translate(FOLD)
    if still_typed and not still_typed.endswith(" "):
        terms[-1] = Term(terms[-1].words, is_prefix=True)
    return SearchQuery(tuple(dict.fromkeys(terms)))


def search_vector(body: str, *, organization_id: UUID) -> str:
    """A message's words with their positions, as PostgreSQL reads a tsvector."""
    key = organization_key(organization_id)
    positions: dict[str, list[str]] = {}
    for position, word in enumerate(words_of(body), start=1):
        positions.setdefault(word, []).append(str(position))
    return " ".join(f"'{key}{word}':{','.join(places)}" for word, places in positions.items())


def search_condition(query: SearchQuery, *, organization_id: UUID) -> str:
    """A query as PostgreSQL reads a tsquery. Words hold neither quotes nor backslashes, so none needs escaping."""
    key = organization_key(organization_id)
    return " & ".join(
        "(" + " <-> ".join(f"'{key}{word}'" for word in term.words) + (":*)" if term.is_prefix else ")")
        for term in query.terms
    )


def organization_key(organization_id: UUID) -> str:
    """What every lexeme of an organization starts with, so that a search reads the words of one organization alone.

    Six digits of the id's random end. Two organizations that share them slow each other down and see nothing of each
    other: every statement compares `organization_id` too.
    """
    return organization_id.hex[-6:]


class Span(NamedTuple):
    """From the character at `start` up to the one before `end`."""

    start: int
    end: int


def matches_in(body: str, query: SearchQuery) -> list[Span]:
    """The parts of a text that the terms match, in order, apart from each other. Counted in code points."""
    placed = _placed_words(body)
    words = [word for word, _ in placed]
    spans = [
        Span(placed[index][1].start, placed[index + len(term.words) - 1][1].end)
        for term in query.terms
        for index in range(len(words) - len(term.words) + 1)
        if _matches_at(words, index, term)
    ]
    return _merged(spans)


def _matches_at(words: Sequence[str], index: int, term: Term) -> bool:
    *before, last = term.words
    end = index + len(before)
    found = words[end].startswith(last) if term.is_prefix else words[end] == last
    return found and words[index:end] == before


def _placed_words(text: str) -> list[tuple[str, Span]]:
    """The words of a text, and where they stand in it."""
    words: list[str] = []
    spans: list[Span] = []
    is_open = False
    for index, character in enumerate(text[:MAX_TEXT]):
        folded = FOLD[ord(character)]
        if not folded and spans and spans[-1].end == index and character not in APOSTROPHES:
            # An accent, a joiner or a skin tone belongs to the character before it.
            spans[-1] = Span(spans[-1].start, index + 1)
        for letter in folded:
            if letter == " ":
                is_open = False
            elif is_open:
                words[-1] += letter
                spans[-1] = Span(spans[-1].start, index + 1)
            else:
                words.append(letter)
                spans.append(Span(index, index + 1))
                is_open = True
    return [(word[:MAX_WORD], span) for word, span in zip(words, spans, strict=True)][:MAX_WORDS]


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


@dataclass(frozen=True)
class Snippet:
    """A piece of a text around its first match."""

    text: str
    matches: list[Span]
    """Within the piece."""
    cut_before: bool
    cut_after: bool


def snippet_of(body: str, matches: Sequence[Span]) -> Snippet:
    """The whole text when it is short; else at most `SNIPPET_CHARACTERS`, cut between words where that is near."""
    start, end = 0, len(body)
    if end > SNIPPET_CHARACTERS:
        first = matches[0].start if matches else 0
        if first > _CONTEXT_BEFORE:
            start = _next_word(body, min(first - _CONTEXT_BEFORE, end - SNIPPET_CHARACTERS), before=first)
        end = _last_word(body, min(start + SNIPPET_CHARACTERS, end))
    inside = [
        Span(max(match.start, start) - start, min(match.end, end) - start)
        for match in matches
        if match.start < end and match.end > start
    ]
    return Snippet(body[start:end], inside, cut_before=start > 0, cut_after=end < len(body))


def _next_word(body: str, position: int, *, before: int) -> int:
    for index in range(position, min(position + _CUT_SLACK, before)):
        if body[index].isspace():
            return index + 1
    return position


def _last_word(body: str, position: int) -> int:
    if position < len(body):
        for index in range(position, position - _CUT_SLACK, -1):
            if body[index].isspace():
                return index
    return position


def in_utf16(text: str, spans: Sequence[Span]) -> list[Span]:
    """Spans in order, recounted in UTF-16 code units, as JavaScript indexes text."""
    recounted: list[Span] = []
    position = units = 0
    for span in spans:
        units += _units(text[position : span.start])
        start = units
        units += _units(text[span.start : span.end])
        position = span.end
        recounted.append(Span(start, units))
    return recounted


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
