"""An oracle for the search: a plain scan over texts, written from the definition in `search_rules` and sharing no code.

A text becomes one string of its words with a space on either side of each, and a term is found when its own such
string is a part of it.
"""

import re
import unicodedata
from collections.abc import Sequence

_STROKES = str.maketrans(
    {
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
)
_APOSTROPHES = re.compile("['`\u00b4\u2018\u2019\u201b\u02b9\u02bb-\u02bf\ua78c\u055a\u05f3\uff07]")
_UNSEEN = re.compile("[\u034f\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff]")
_NO_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)


def spaced_words(text: str) -> str:
    """ " is the class on " for “Is the class on?”."""
    text = _APOSTROPHES.sub("", unicodedata.normalize("NFC", text))
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    text = _UNSEEN.sub("", text.translate(_STROKES))
    spaced: list[str] = []
    for character in text:
        kind = unicodedata.category(character)
        if kind in ("Cf", "Me") or unicodedata.combining(character) or _APOSTROPHES.match(character):
            continue
        if kind == "Nd":
            spaced.append(str(int(character)))
        elif kind == "So":
            spaced.append(f" {character} ")
        elif kind[0] in ("L", "N", "M"):
            spaced.append(f" {character} " if _NO_SPACES.match(character) else character)
        else:
            spaced.append(" ")
    return f" {' '.join(word[:100] for word in ''.join(spaced).split(' ') if word)} "


def needles_of(query: str) -> list[str]:
    """What every matching text has in it, as `spaced_words` writes it."""
    pieces: list[str] = []
    outside = True
    for part in re.split('["\u201c\u201d\u201e\u201f\uff02]', query):
        pieces += part.split() if outside else [part]
        outside = not outside
    needles = [words for words in map(spaced_words, pieces) if words.strip()]
    # A letter added at the end tells whether the last word is still being typed: it becomes part of it.
    added = spaced_words(query + "q")
    if needles and added.rstrip() == spaced_words(query).rstrip() + "q":
        needles[-1] = needles[-1].rstrip()
    return needles


def scan(texts: Sequence[str], query: str) -> list[int]:
    """The places of the texts, as `spaced_words` writes them, that match."""
    needles = needles_of(query)
    return [place for place, text in enumerate(texts) if all(needle in text for needle in needles)]
