"""Folding of text: `FOLD` makes the words of a search, `fold_name` makes names comparable.

`FOLD` maps one character to its folded form:

- Case and accents go: compatibility decomposition (NFKD) and full case folding, then every combining mark that has a
  combining class of its own (accents, Māori macrons, Hebrew points) is dropped. Marks without one, such as Hindi vowel
  signs, spell words and stay. Letters whose stroke is no mark of its own are spelled out in `SPELLED`: ø is o, æ is ae.
- Invisible and rarely typed characters go: format characters, variation selectors, enclosing marks, skin tones.
- Apostrophes of every kind go: don't and dont are one word.
- Letters, numbers and the marks that stayed make words. Digits of every script count as 0 to 9.
- A character of a script that writes no spaces (`ALONE`: Chinese, Japanese, Thai, Lao, Khmer, Burmese), and a symbol
  such as an emoji, is a word by itself.
- Everything else separates: space, punctuation, currency and mathematical signs. 5:30 is the words 5 and 30.
"""

import re
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

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

APOSTROPHES_OR_PRIME = APOSTROPHES | {"\N{PRIME}"}
"""For names and wishes to stop. In the search of messages a prime separates words."""

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

_LAST_LETTER = 0x3FFFF
_TAGS = range(0xE0000, 0xE0200)
"""The only characters above the last letter. They are invisible; the rest is unassigned or private."""


class Fold(dict[int, str]):
    """Code point → folded form: letters of a word, `" x "` for a word by itself, a space, or nothing.

    Folding each character by itself is exact: neighbours affect only the order of combining marks with a class in a
    decomposed text, and these marks are dropped.

    At most `MAX_REMEMBERED` characters are cached: texts from outside may hold any character.
    """

    MAX_REMEMBERED = 65_536

    def __missing__(self, code: int) -> str:
        if code > _LAST_LETTER and not _TAGS.start <= code < _TAGS.stop:
            return " "
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
    """Whether a code point is in one of the sorted ranges."""
    following = bisect_right(ranges, (code, sys.maxunicode))
    return following > 0 and code <= ranges[following - 1][1]


FOLD = Fold()


class FoldingRange(NamedTuple):
    """The folded form of the characters from `first` to `last`: `text`, or each character itself if that is None."""

    first: int
    last: int
    text: str | None
    is_alone: bool
    """Each is a word by itself, with a space before and after it."""


def folding_ranges() -> Iterator[FoldingRange]:
    """All of `FOLD`, in order, for the database. Characters in no range separate words."""
    fold = Fold()  # The process need not cache every character.
    current: FoldingRange | None = None
    for code in (*range(_LAST_LETTER + 1), *_TAGS):
        found = None if 0xD800 <= code <= 0xDFFF else _range_of(code, fold[code])
        if current and found and current[2:] == found[2:] and current.last == code - 1:
            current = current._replace(last=code)
            continue
        if current:
            yield current
        current = found
    if current:
        yield current


def _range_of(code: int, folded: str) -> FoldingRange | None:
    character = chr(code)
    if folded == " ":
        return None
    if folded in {character, f" {character} "}:
        return FoldingRange(code, code, None, folded != character)
    return FoldingRange(code, code, folded, is_alone=False)


def organization_key(organization_id: UUID) -> str:
    """The prefix of every lexeme of an organization, so that a search reads the words of one organization only.

    Six digits of the id's random end. Organizations with the same prefix slow each other down, but do not see each
    other: every statement compares `organization_id` too.
    """
    return organization_id.hex[-6:]


# Names.


_MINUS = "\u2212"
"""A minus sign is used as a hyphen; its Unicode category is that of mathematical symbols."""

_IGNORABLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""Unicode's Default_Ignorable_Code_Point, without category Cf."""


def fold_name(text: str, *, keep_accents: bool = False) -> str:
    """A name for comparison: names that differ only in their typing fold alike. Idempotent.

    Case, accents, Unicode form, invisible characters and runs of space go; apostrophes are `'` and hyphens are `-`.
    Marks that spell words (Hindi vowel signs) stay: only marks with a combining class of their own are accents.
    """
    unified = _unified(unicodedata.normalize("NFKD", _unified(text, keep_accents)), keep_accents)
    decomposed = unicodedata.normalize("NFKD", unified.casefold())
    return " ".join(unicodedata.normalize("NFKD", _unified(decomposed, keep_accents)).split())


def _unified(text: str, keep_accents: bool) -> str:
    return "".join(_unified_character(each) for each in text if keep_accents or not unicodedata.combining(each))


def _unified_character(character: str) -> str:
    if unicodedata.normalize("NFC", character) in APOSTROPHES_OR_PRIME:
        return "'"
    category = unicodedata.category(character)
    if category == "Pd" or character == _MINUS:
        return "-"
    if category in {"Cf", "Me"} or _IGNORABLE.match(character):
        return ""
    return character
