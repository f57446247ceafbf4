"""Words, queries, highlights and snippets of the search over messages (SEARCH-CONTENT, SEARCH-HOW).

**Words.** A text is folded character by character (`kit.folding`); separators divide it into words. Words are compared
by their first `MAX_WORD` characters. The first `MAX_TEXT` characters and `MAX_WORDS` words of a text are searched;
phrases only among the first 255 places of each word (PostgreSQL's limit).

**Queries.** A message matches if all terms of the query do, in any order. A term is a quotation, or words typed without
a space between them; its words must follow each other. The last word of the query is a prefix, since it is still being
typed, unless a space, a closing quotation mark or another separator follows it.
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
"""The most highlights of one text. Each term has at least one, even in a query of more terms."""

SNIPPET_CHARACTERS = 160
_CONTEXT_BEFORE = 40
_CUT_SLACK = 20

_QUOTES = re.compile('["\u201c\u201d\u201e\u201f\uff02]')
"""Straight and curved quotation marks."""


@dataclass(frozen=True)
class Term:
    """Words that follow each other."""

    words: tuple[str, ...]
    is_prefix: bool = False
    """The last word may be the beginning of a word."""


def parse_query(text: str) -> Sequence[Term]:
    """The terms of what a person typed; none without a word. An unclosed quotation reaches to the end of the text."""
    terms: list[Term] = []
    parts = _QUOTES.split(text)
    for index, part in enumerate(parts):
        is_quotation = index % 2 == 1
        for piece in [part] if is_quotation else part.split():
            if words := words_of(piece):
                terms.append(Term(tuple(words)))
    still_typed = parts[-1].translate(FOLD)
    if terms and still_typed and not still_typed.endswith(" "):
        terms[-1] = Term(terms[-1].words, is_prefix=True)
    return list(dict.fromkeys(terms))


def search_condition(terms: Sequence[Term], *, organization_id: UUID) -> str:
    """The terms as a PostgreSQL tsquery. Words have neither quotes nor backslashes, so none needs escaping."""
    key = organization_key(organization_id)
    return " & ".join(
        "(" + " <-> ".join(f"'{key}{word}'" for word in term.words) + (":*)" if term.is_prefix else ")")
        for term in terms
    )


class Span(NamedTuple):
    """The characters from `start` inclusive to `end` exclusive."""

    start: int
    end: int


def matches_in(body: str, terms: Sequence[Term]) -> list[Span]:
    """The spans to highlight: the first places of each term, in order, with overlapping ones merged.

    `MAX_MATCHES` at most, shared among the terms. The time is in proportion to the length of the text.
    """
    folded = _FoldedText(body[:MAX_TEXT])
    each = max(1, MAX_MATCHES // len(terms))
    return _merged([span for term in terms for span in islice(folded.places_of(term), each)])


_WORD = re.compile("[^ ]+")


class _FoldedText:
    """A text, its words, and their places in the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces: list[str] | None = None
        """What each character is folded to. None if each is folded to one character."""
        if text.isascii():
            folded = text.translate(_ASCII)
            is_plain = len(folded) == len(text)
        else:
            is_plain = False
        if not is_plain:
            self._pieces = list(map(FOLD.__getitem__, map(ord, text)))
            folded = "".join(self._pieces)
        self._folded = f" {folded} "
        """The folded text, with a space before and after it."""

    def places_of(self, term: Term) -> Iterator[Span]:
        *_, last = term.words
        # A cut word matches whatever follows its first `MAX_WORD` characters.
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
        """Where the folding of each character ends in the folded text."""
        return list(accumulate(map(len, self._pieces or ())))


_ASCII = {code: FOLD[code] or None for code in range(128)}
"""`FOLD` for ASCII, in the form in which `str.translate` is fastest."""


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
    """The whole text if it is short; else at most `SNIPPET_CHARACTERS`, cut between words if a space is near."""
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
