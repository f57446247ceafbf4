"""What a search finds: words, queries, and which parts of a text they match (SEARCH-CONTENT, SEARCH-HOW).

**Words.** A text is folded character by character; what is left between separators are its words.

- Case and accents go: compatibility decomposition (NFKD) and full case folding, then every combining mark that has a
  combining class of its own (accents, Māori macrons, Hebrew points) is dropped. Marks without one, such as Hindi vowel
  signs, spell words and stay. Letters whose stroke is no mark of its own are spelled out in `SPELLED`: ø is o, æ is ae.
- What nobody sees or types goes too: format characters, variation selectors, enclosing marks, skin tones.
- Apostrophes of every kind go: don't and dont are one word.
- Letters, numbers and the marks that stayed make words. Digits of every script count as 0 to 9.
- A character of a script that writes no spaces (`ALONE`: Chinese, Japanese, Thai, Lao, Khmer, Burmese), and a symbol
  such as an emoji, is a word by itself.
- Everything else separates: space, punctuation, currency and mathematical signs. 5:30 is the words 5 and 30.
- Words are told apart by their first `MAX_WORD` characters. Of a text, its first `MAX_TEXT` characters and its first
  `MAX_WORDS` words are searched, and phrases among the first 255 places of each word (PostgreSQL's limit).

**Queries.** A message matches when all terms of the query do, in any order. What stands in quotation marks is one term,
and so is what is typed without a space between: its words must follow each other. The last word of the query is the
beginning of a word (it is still being typed), unless something follows it: a space, a closing quotation mark, any
separator.
"""

import re
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from api.kit.text import MAX_LOOKED_AT

MAX_TEXT = MAX_LOOKED_AT
"""Characters of a text that are searched."""

MAX_WORD = 100
"""A lexeme may have 2,046 bytes; this many characters of any script stay below it."""

MAX_WORDS = 16_383
"""The last position that a tsvector can hold."""

MAX_QUERY_CHARACTERS = 300

SNIPPET_CHARACTERS = 160
_CONTEXT_BEFORE = 40
_CUT_SLACK = 20

SPELLED = {
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "\u0131": "i",
    "ł": "l",
    "ŧ": "t",
    "þ": "th",
}

APOSTROPHES = frozenset(
    "'`\u00b4"  # typed, and taken for one
    "\u2018\u2019\u201b"  # curved, as telephones write them
    "\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\ua78c"  # letters, such as the okina of Hawaiian names
    "\u055a\u05f3\uff07"  # Armenian, Hebrew, full width
)

ALONE = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # Japanese iteration marks and zero
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),  # Katakana extensions
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
"""First and last code point of the scripts that write no spaces between words."""

_VARIATION_SELECTORS = ((0x034F, 0x034F), (0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_SKIN_TONES = ((0x1F3FB, 0x1F3FF),)

_QUOTES = re.compile('["\u201c\u201d\u201e\u201f\uff02]')
"""Straight, and curved as telephones write them."""


class Fold(dict[int, str]):
    """Code point → what it contributes: letters of a word, `" x "` for a word by itself, a space, or nothing.

    Character by character is exact: the only effect of its neighbours on a decomposed text is the order of combining
    marks that have a class, and those are dropped.

    It remembers `MAX_REMEMBERED` characters: texts from outside may hold every character there is.
    """

    MAX_REMEMBERED = 65_536

    def __missing__(self, code: int) -> str:
        folded = "".join(_folded(chr(code)))
        if len(self) < self.MAX_REMEMBERED:
            self[code] = folded
        return folded


def _folded(character: str) -> Iterator[str]:
    if unicodedata.normalize("NFC", character) in APOSTROPHES:
        return
    decomposed = unicodedata.normalize("NFKD", character).casefold()
    for part in unicodedata.normalize("NFKD", decomposed):
        yield SPELLED.get(part) or _contribution(part)


def _contribution(character: str) -> str:
    code, category = ord(character), unicodedata.category(character)
    if category in {"Cf", "Me"} or unicodedata.combining(character) or character in APOSTROPHES:
        return ""
    if _within(code, _VARIATION_SELECTORS) or _within(code, _SKIN_TONES):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "So" or (category[0] in "LNM" and _within(code, ALONE)):
        return f" {character} "
    return character if category[0] in "LNM" else " "


def _within(code: int, ranges: Sequence[tuple[int, int]]) -> bool:
    """Whether a code point is in one of these ranges, which are in order."""
    following = bisect_right(ranges, (code, sys.maxunicode))
    return following > 0 and code <= ranges[following - 1][1]


FOLD = Fold()


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
