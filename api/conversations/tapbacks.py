"""Reactions that phones send as texts ("Liked “See you at 6”", "👍 to “See you at 6”"), read from their words.

No standard defines the words. The ones here are those that iPhones send in English, Spanish and French, and Android's
Messages. A reader that is wrong does no harm: a text is a reaction only if a message of its thread is what it quotes.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

LONGEST = 2_000
"""Longer than a text can be, with the words around the quote."""

LONGEST_LEAD = 60
SHORTEST_CUT = 6
"""A cut quote has to be this long to be taken for the start of a message."""

HEART, LIKE, DISLIKE, LAUGH, EXCLAMATION, QUESTION = "❤️", "👍", "👎", "😂", "‼️", "❓"

GIVEN: Mapping[str, tuple[str, ...]] = {
    HEART: ("Loved", "Le encantó", "Le encanta", "A adoré"),
    LIKE: ("Liked", "Le gustó", "Le gusta", "A aimé"),
    DISLIKE: ("Disliked", "No le gustó", "No le gusta", "N'a pas aimé"),
    LAUGH: ("Laughed at", "Le dio risa", "Le hace gracia", "Se rió de", "Se rio de", "A ri de"),
    EXCLAMATION: (
        *("Emphasized", "Emphasised"),
        *("Exclamó por", "Enfatizó", "Destacó"),
        *("A mis en évidence", "A souligné", "A mis en exergue"),
    ),
    QUESTION: (
        "Questioned",
        *("Dudó sobre", "Preguntó por", "Cuestionó"),
        *("A posé une question sur", "S'est interrogé sur", "S'est interrogé(e) sur"),
    ),
}
"""What stands before the quote on iPhones."""

REMOVED: Mapping[str, tuple[str, ...]] = {
    HEART: ("Removed a heart from",),
    LIKE: ("Removed a like from",),
    DISLIKE: ("Removed a dislike from",),
    LAUGH: ("Removed a laugh from",),
    EXCLAMATION: ("Removed an exclamation from", "Removed an emphasis from"),
    QUESTION: ("Removed a question mark from",),
}

_LEADS: Mapping[str, tuple[str, bool]] = {
    lead.casefold(): (emoji, removed)
    for words, removed in ((GIVEN, False), (REMOVED, True))
    for emoji, leads in words.items()
    for lead in leads
}

_ANY_EMOJI = (
    (re.compile(r"(?:reacted )?(\S{1,30}) to", re.IGNORECASE), False),
    (re.compile(r"(?:reaccionó|se ha reaccionado) con (\S{1,30}) a", re.IGNORECASE), False),
    (re.compile(r"a réagi avec (\S{1,30}) à", re.IGNORECASE), False),
    (re.compile(r"removed (\S{1,30}) from", re.IGNORECASE), True),
)
"""With whatever emoji: iPhones since iOS 18, and Android."""

_FILES = (
    *("an image", "a photo", "a picture", "an attachment", "a movie", "a video"),
    *("una imagen", "una foto", "un video", "un vídeo", "un archivo adjunto"),
    *("une image", "une photo", "une vidéo", "une pièce jointe"),
)
"""What stands in the place of a quote if the message was a file."""

_OPENING = re.compile('[“"«„‟]')
_CLOSING = '”"»“'

_HIDDEN = dict.fromkeys(map(ord, "\u200b\u200c\u2060\ufeff"))
"""Spaces without width, by which Android's phones recognise reactions of each other. U+200D joins parts of an emoji."""

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Tapback:
    """A reaction as a text words it."""

    emoji: str
    removed: bool
    """It was taken back."""
    quote: str | None
    """The quoted words; None for a file ("Loved an image")."""


def read_tapback(body: str) -> Tapback | None:
    """The reaction that a received text words, if it does."""
    if len(body) > LONGEST:
        return None
    text = _plain(body)
    opening = _OPENING.search(text)
    if opening is not None:
        at = opening.start()
        if not 0 < at <= LONGEST_LEAD or text[-1] not in _CLOSING or at == len(text) - 1:
            return None
        lead = _read_lead(text[:at].strip())
        return None if lead is None else Tapback(*lead, quote=text[at + 1 : -1].strip())
    for file in _FILES:
        if text[-len(file) - 1 :].casefold() == f" {file}":
            lead = _read_lead(text[: -len(file) - 1])
            return None if lead is None else Tapback(*lead, quote=None)
    return None


def _read_lead(lead: str) -> tuple[str, bool] | None:
    if len(lead) > LONGEST_LEAD:
        return None
    known = _LEADS.get(lead.replace("\u2019", "'").casefold())
    if known is not None:
        return known
    for pattern, removed in _ANY_EMOJI:
        found = pattern.fullmatch(lead)
        if found is not None and _is_emoji(found[1]):
            return found[1], removed
    return None


def _is_emoji(text: str) -> bool:
    """One emoji, with its skin, its parts and its variation."""
    kinds = ["So" if character in "‼⁉" else unicodedata.category(character) for character in text]
    return "So" in kinds and set(kinds) <= {"So", "Sk", "Mn", "Me", "Cf"}


def _plain(text: str) -> str:
    """With composed letters, single spaces and nothing hidden."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text.translate(_HIDDEN))).strip()


class Quotable(Protocol):
    """A message that a reaction may quote."""

    @property
    def body(self) -> str: ...

    @property
    def has_file(self) -> bool: ...


Message = TypeVar("Message", bound=Quotable)


def quoted_by(tapback: Tapback, earlier: Iterable[Message]) -> Message | None:
    """The message that the reaction is on. `earlier`: the messages before it, the newest first, without reactions."""
    if tapback.quote is None:
        return next((each for each in earlier if each.has_file), None)
    wanted = _plain(tapback.quote)
    cut = wanted.removesuffix("…" if wanted.endswith("…") else "...").rstrip()
    is_cut = cut != wanted and len(cut) >= SHORTEST_CUT
    if not wanted:
        return None
    longest = 4 * len(wanted) + 20
    for each in earlier:
        # The work is in proportion to the quote, however long the messages are.
        if len(each.body) > longest and not is_cut:
            continue
        body = _plain(each.body[:longest])
        if body == wanted or (is_cut and body.startswith(cut)):
            return each
    return None


def with_reaction(before: Iterable[str], tapback: Tapback) -> list[str]:
    """The emoji on a message after the reaction, in the order in which they came."""
    others = [emoji for emoji in before if emoji != tapback.emoji]
    return others if tapback.removed else [*others, tapback.emoji]
