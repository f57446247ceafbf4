"""Which families and staff members a search finds.

**Names.** Names are folded as messages are (`kit.folding`). Every word of the query must be part of a word of the names
on the record: a family's own, those of its contacts and of its students. The order does not matter, nor which name has
which word.
Words are told apart by their first `MAX_WORD` characters. A word of three digits or more may be part of a number
instead: "rivera 0142".

**Numbers.** A query of digits and separators alone is a number, or three digits or more of one, however it is written:
`tel:`, dots, "(0)", another script's digits, invisible
characters. A record is found by any part of its numbers, and
by a whole number as it is dialled in the organization's country.

Migrations 0011 and 0026 take the records apart in the same way: every end of every word is in the index, so that any
part of a word is the beginning of a lexeme.
"""

import unicodedata
from dataclasses import dataclass, replace
from uuid import UUID

from api.kit.folding import FOLD, organization_key

MAX_QUERY_CHARACTERS = 100

MAX_WORD = 20

MIN_DIGITS = 3
"""Fewer digits are not searched as part of a number."""

MIN_WHOLE_NUMBER = 7
"""A query of fewer digits is searched as part of a number alone."""

INDEXED_WORDS = 3
"""The longest words are looked up in the index. The others filter what those find."""

SCHEMES = ("tel:", "sms:", "callto:")
TRUNK_ZERO = "(0)"
"""Written between country code and number, and dialled only without the country code."""


@dataclass(frozen=True)
class DirectoryQuery:
    """A search: for all the words, or for one of the digits. For the text itself if it has neither."""

    text: str
    words: tuple[str, ...]
    digits: tuple[str, ...]
    is_number: bool
    """The query is a number and nothing else. Its words are not searched as parts of numbers."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a name or of a query for one, each once."""
    return tuple(dict.fromkeys(word[:MAX_WORD] for word in text.translate(FOLD).split(" ") if word))


def parse_query(text: str, *, whole_number: str | None = None) -> DirectoryQuery:
    """`whole_number`: the E.164 number that the query is in the organization's country, if it is one."""
    typed = digits_of(text)
    found = [] if typed is None else [_without_trunk_zero(typed)]
    if whole_number is not None:
        found.append(whole_number.removeprefix("+"))
    return DirectoryQuery(text.strip(), words_of(text), tuple(dict.fromkeys(found)), is_number=typed is not None)


def _without_trunk_zero(digits: str) -> str:
    return digits.lstrip("0") or digits


def digits_of(query: str) -> str | None:
    """The digits of a query that may mean a phone number: `MIN_DIGITS` or more, and beside them only separators."""
    written = as_number(query)
    if written is None:
        return None
    digits = written.removeprefix("+")
    return digits if len(digits) >= MIN_DIGITS else None


def as_number(query: str) -> str | None:
    """The digits of a query, with a leading `+` if it has one. None if it holds letters or no digits."""
    seen = (character for character in unicodedata.normalize("NFKC", query) if FOLD[ord(character)])
    text = "".join(character for character in seen if not character.isspace()).casefold()
    for scheme in SCHEMES:
        text = text.removeprefix(scheme)
    text = text.replace(TRUNK_ZERO, "")
    digits = text.translate(FOLD).replace(" ", "")
    if not (digits.isascii() and digits.isdecimal()):
        return None
    before, _, _ = text.partition(next(character for character in text if character.isdecimal()))
    return f"+{digits}" if "+" in before else digits


def indexed_condition(query: DirectoryQuery, *, organization_id: UUID) -> str:
    """The tsquery for the index: it matches all that `condition` matches, and hardly more."""
    longest = sorted(query.words, key=len, reverse=True)[:INDEXED_WORDS]
    return condition(replace(query, words=tuple(longest)), organization_id=organization_id)


def condition(query: DirectoryQuery, *, organization_id: UUID) -> str:
    """Words hold neither quotes nor backslashes, so none needs escaping. Empty when the query has neither words nor
    digits."""
    key = organization_key(organization_id)
    words = " & ".join(_word(word, key, may_be_number=not query.is_number) for word in query.words)
    numbers = [f"'{key}#{digits}':*" for digits in query.digits]
    return " | ".join([f"({words})", *numbers] if words else numbers)


def _word(word: str, key: str, *, may_be_number: bool) -> str:
    if may_be_number and len(word) >= MIN_DIGITS and word.isascii() and word.isdecimal():
        return f"('{key}{word}':* | '{key}#{_without_trunk_zero(word)}':*)"
    return f"'{key}{word}':*"
