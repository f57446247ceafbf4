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
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice
from typing import NamedTuple
from uuid import UUID

from api.kit.folding import APOSTROPHES, FOLD, organization_key
from api.kit.lexemes import MAX_TEXT, MAX_WORD, MAX_WORDS, words_of

MAX_QUERY_CHARACTERS = 300

MAX_MATCHES = 100
"""Highlights of one text. Each term has one, even where a query has more terms."""

SNIPPET_CHARACTERS = 160
_CONTEXT_BEFORE = 40
_CUT_SLACK = 20

_QUOTES = re.compile('["\u201c\u201d\u201e\u201f\uff02]')
"""Straight, and curved as telephones write them."""


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


def search_condition(query: SearchQuery, *, organization_id: UUID) -> str:
    """A query as PostgreSQL reads a tsquery. Words hold neither quotes nor backslashes, so none needs escaping."""
    key = organization_key(organization_id)
    return " & ".join(
        "(" + " <-> ".join(f"'{key}{word}'" for word in term.words) + (":*)" if term.is_prefix else ")")
        for term in query.terms
    )


class Span(NamedTuple):
    """From the character at `start` up to the one before `end`."""

    start: int
    end: int


def matches_in(body: str, query: SearchQuery) -> list[Span]:
    """What to highlight: every term's first places in the text, in order, overlapping ones merged.

    `MAX_MATCHES` places at most, shared among the terms, however often a text says one word. The work is in proportion
    to the text, whatever it and the query say.
    """
    folded = _FoldedText(body[:MAX_TEXT])
    each = max(1, MAX_MATCHES // len(query.terms))
    return _merged([span for term in query.terms for span in islice(folded.places_of(term), each)])


_WORD = re.compile("[^ ]+")


class _FoldedText:
    """A text, the words in it, and where they stand in the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces: list[str] | None = None
        """What each character contributes; None where each contributes one."""
        if text.isascii():
            folded = text.translate(_ASCII)
            is_plain = len(folded) == len(text)
        else:
            is_plain = False
        if not is_plain:
            self._pieces = list(map(FOLD.__getitem__, map(ord, text)))
            folded = "".join(self._pieces)
        self._folded = f" {folded} "
        """With a space before it and one after, like each word in it."""

    def places_of(self, term: Term) -> Iterator[Span]:
        *_, last = term.words
        # Of a word that was cut the rest may be anything.
        end = "" if term.is_prefix or len(last) == MAX_WORD else " "
        if len(term.words) == 1:
            return self._places_of_word(f" {last}{end}")
        return self._places_of_phrase(f" {' '.join(term.words)}{end}", len(term.words))

    def _places_of_word(self, needle: str) -> Iterator[Span]:
        at = self._folded.find(needle)
        while at >= 0:
            end = self._folded.index(" ", at + 1)
            yield self._span(at + 1, end)
            at = self._folded.find(needle, end)

    def _places_of_phrase(self, needle: str, count: int) -> Iterator[Span]:
        words, places = self._words
        at = words.find(needle)
        while at >= 0:
            first = words.count(" ", 0, at)
            yield self._span(places[first][0], places[first + count - 1][1])
            at = words.find(needle, at + 1)

    @cached_property
    def _words(self) -> tuple[str, list[tuple[int, int]]]:
        """The words with one space before and after each, and their places in `_folded`."""
        places = [found.span() for found in islice(_WORD.finditer(self._folded), MAX_WORDS)]
        return f" {' '.join(self._folded[start:end][:MAX_WORD] for start, end in places)} ", places

    def _span(self, start: int, end: int) -> Span:
        """From places in `_folded` to places in the text."""
        start, end = start - 1, end - 1
        if self._pieces is None:
            return Span(start, end)
        first, last = bisect_right(self._ends, start), bisect_right(self._ends, end - 1)
        # An accent, a joiner or a skin tone belongs to the character before it.
        after = last + 1
        while after < len(self._pieces) and not self._pieces[after] and self._text[after] not in APOSTROPHES:
            after += 1
        return Span(first, after)

    @cached_property
    def _ends(self) -> list[int]:
        """Where, folded, the contribution of each character ends."""
        return list(accumulate(map(len, self._pieces or ())))


_ASCII = {code: FOLD[code] or None for code in range(128)}
"""`FOLD` in the form that `str.translate` is fastest with."""


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
    if not spans or _units(text[: spans[-1].end]) == spans[-1].end:
        return list(spans)
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
