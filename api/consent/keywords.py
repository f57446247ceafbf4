"""Keywords: whole messages that stop, start or ask for help, and the answers to them (OPTIN-STOP, -START, -CONFIRM).

The work is bounded: two scans for a letter within `MAX_LOOKED_AT` characters; at most `MAX_CORE` characters are folded.
"""

import re
import unicodedata
from enum import StrEnum
from itertools import islice

from api.kit.text import MAX_LOOKED_AT


class Keyword(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"


KEYWORDS = {
    "STOP": Keyword.STOP,
    "STOPALL": Keyword.STOP,
    "STOP ALL": Keyword.STOP,
    "UNSUBSCRIBE": Keyword.STOP,
    "CANCEL": Keyword.STOP,
    "END": Keyword.STOP,
    "QUIT": Keyword.STOP,
    "REVOKE": Keyword.STOP,
    "OPTOUT": Keyword.STOP,
    "OPT OUT": Keyword.STOP,
    "START": Keyword.START,
    "UNSTOP": Keyword.START,
    "HELP": Keyword.HELP,
    "INFO": Keyword.HELP,
}
"""OPTIN-STOP, OPTIN-START, OPTIN-CONFIRM. YES is not here: parents answer questions with it."""

MAX_CORE = 1_000
"""The most characters from the first letter of a keyword to its end. Anything may stand around the keyword."""

_CIRCLED = "\u24b6-\u24e9\U0001f130-\U0001f149"
"""Circled and squared Latin letters, which are symbols in Unicode."""

_LETTER = re.compile(rf"[^\W_]|[{_CIRCLED}]")
_WORD = re.compile(r"[^\W_]+")

_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
"""Hangul fillers: letters without a glyph."""


def keyword(body: str) -> Keyword | None:
    """The keyword, if the whole message is one. Case is ignored, and what is neither letter nor digit around it.

    Compatibility forms count as their letters (full width, bold, circled). Accented letters are other letters. Space or
    hyphens separate two words. A message of more than `MAX_LOOKED_AT` characters, without the space around it, is not a
    keyword.
    """
    text = body.strip()
    first = _LETTER.search(text) if len(text) <= MAX_LOOKED_AT else None
    if first is None or _LETTER.search(text, first.start() + MAX_CORE):
        return None
    core = text[first.start() : first.start() + MAX_CORE]
    if not core.isascii():
        core = unicodedata.normalize("NFKC", "".join(map(_written, core)))
        core = "".join(each for each in core if unicodedata.category(each)[0] != "M")
    words = list(islice(_WORD.finditer(core), 3))
    if len(words) == 2 and core[words[0].end() : words[1].start()].replace("-", " ").strip():
        return None
    return KEYWORDS.get(" ".join(word[0] for word in words).upper()) if len(words) <= 2 else None


def _written(character: str) -> str:
    """The character; a plain hyphen for any hyphen, a space for a symbol, nothing for a character without a glyph."""
    category = unicodedata.category(character)
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    if category == "Cf" or character in _BLANK_LETTERS:
        return ""
    return " " if category[0] == "S" and not _LETTER.match(character) else character


def confirmation(word: Keyword, *, business_name: str, contact: str, help_text: str | None) -> str:
    """The answer of a line that confirms keywords itself (OPTIN-CONFIRM), without advertising."""
    match word:
        case Keyword.STOP:
            return f"{business_name}: You will get no more texts from us. Reply START to get them again."
        case Keyword.START:
            return f"{business_name}: You will get texts from us again. Reply HELP for help, STOP to stop."
        case Keyword.HELP:
            return f"{business_name}: {help_text or f'For help, call {contact}.'} Reply STOP to stop."
