"""Who may be texted, as pure decisions (OPTIN-* of the product's rules)."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from api.directory.rules import OptInSource, OptInState, OwnerKind
from api.kit.countries import COUNTRY_NAMES
from api.kit.phone import country_of


class Reason(StrEnum):
    """Why a number may or may not be texted, strongest first (OPTIN-EXPLAIN)."""

    STOPPED = "stopped"
    OPTED_OUT = "opted_out"
    NOT_OPTED_IN = "not_opted_in"
    NO_RECORD = "no_record"
    LINE_BLOCKED = "line_blocked"
    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    ALLOWED = "allowed"


CONSUMER_INITIATED = "consumer_initiated"
"""The note of a check that is allowed only because the number texted this line first."""


@dataclass(frozen=True)
class Instance:
    """One phone record that holds the number."""

    phone_record_id: UUID
    kind: OwnerKind
    owner_id: UUID
    owner_name: str
    contact_name: str | None
    state: OptInState
    changed_at: datetime | None
    changed_by: dict[str, Any] | None
    source: OptInSource | None
    archived: bool

    @property
    def blocks(self) -> bool:
        """OPTIN-ALL and OPTIN-ARCHIVED, as a table."""
        return {
            # (archived, state): blocks
            (False, OptInState.OPTED_IN): False,
            (False, OptInState.UNKNOWN): True,
            (False, OptInState.OPTED_OUT): True,
            (True, OptInState.OPTED_IN): False,
            (True, OptInState.UNKNOWN): False,
            (True, OptInState.OPTED_OUT): True,
        }[self.archived, self.state]


@dataclass(frozen=True)
class OptInCheck:
    """The decision, with everything it was made from."""

    phone_number: str
    reason: Reason
    note: str | None
    """`CONSUMER_INITIATED`; the number's country where that is not allowed."""
    stopped_at: datetime | None
    instances: Sequence[Instance]

    @property
    def allowed(self) -> bool:
        return self.reason is Reason.ALLOWED


def check_opt_in(
    *,
    phone_number: str,
    stopped_at: datetime | None,
    instances: Sequence[Instance],
    has_texted_line: bool,
    line_enabled: bool,
    line_texts_country: bool = True,
) -> OptInCheck:
    """OPTIN-ALL: not stopped, and every record that holds the number opted in.

    A number on no living record may be answered if it texted this line first (OPTIN-UNKNOWN-SENDER); an archived
    record that is opted in counts for nothing.
    """
    blocking = {instance.state for instance in instances if instance.blocks}
    living = any(not instance.archived for instance in instances)
    note: str | None = None
    if stopped_at is not None:
        reason = Reason.STOPPED
    elif OptInState.OPTED_OUT in blocking:
        reason = Reason.OPTED_OUT
    elif OptInState.UNKNOWN in blocking:
        reason = Reason.NOT_OPTED_IN
    elif not living and not has_texted_line:
        reason = Reason.NO_RECORD
    elif not line_enabled:
        reason = Reason.LINE_BLOCKED
    elif not line_texts_country:
        reason = Reason.COUNTRY_NOT_ALLOWED
        note = country_of(phone_number)
    else:
        reason = Reason.ALLOWED
        note = None if living else CONSUMER_INITIATED
    return OptInCheck(
        phone_number=phone_number, reason=reason, note=note, stopped_at=stopped_at, instances=list(instances)
    )


def explanation(check: OptInCheck) -> str:
    """One plain sentence that names what blocks."""
    blockers = [instance for instance in check.instances if instance.blocks]
    match check.reason:
        case Reason.STOPPED:
            return "The person at this number texted STOP, so it can't be texted until they text START."
        case Reason.OPTED_OUT:
            names = _names([each for each in blockers if each.state is OptInState.OPTED_OUT])
            return f"{names} opted out, so this number can't be texted."
        case Reason.NOT_OPTED_IN:
            return f"{_names(blockers)} never opted in, so this number can't be texted."
        case Reason.NO_RECORD:
            return "This number is on no family or staff record and has not texted this line, so it can't be texted."
        case Reason.LINE_BLOCKED:
            return "This line is out of service, so nothing can be sent from it."
        case Reason.COUNTRY_NOT_ALLOWED:
            country = COUNTRY_NAMES.get(check.note or "", "other countries")
            return f"This line may not text numbers in {country}. An administrator can allow it in the line's settings."
        case Reason.ALLOWED:
            return "This number can be texted."


def _names(instances: Sequence[Instance]) -> str:
    names = list(dict.fromkeys(each.owner_name + (" (archived)" if each.archived else "") for each in instances))
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} others"
    return " and ".join(names) if len(names) < 3 else f"{names[0]}, {names[1]} and {names[2]}"


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


def confirmation(word: Keyword, *, business_name: str, contact: str, help_text: str | None) -> str:
    """What a line that answers keywords itself says (OPTIN-CONFIRM): once, and without advertising."""
    match word:
        case Keyword.STOP:
            return f"{business_name}: You will get no more texts from us. Reply START to get them again."
        case Keyword.START:
            return f"{business_name}: You will get texts from us again. Reply HELP for help, STOP to stop."
        case Keyword.HELP:
            return f"{business_name}: {help_text or f'For help, call {contact}.'} Reply STOP to stop."


_ASCII_SYMBOLS = frozenset("$+<=>^`|~")
"""What a keyboard offers as punctuation and Unicode files under symbols."""


def keyword(body: str) -> Keyword | None:
    """The keyword that the whole message is, ignoring case and surrounding punctuation and space."""
    start, end = 0, len(body)
    while start < end and _is_surrounding(body[start]):
        start += 1
    while end > start and _is_surrounding(body[end - 1]):
        end -= 1
    words = body[start:end].split(maxsplit=2)
    return KEYWORDS.get(" ".join(words).upper()) if len(words) <= 2 else None


_STOP_WISHES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(do not|dont|never|no longer|cannot|cant) (ever )?(please )?"
        r"(text|message|sms|contact|write) (to )?(me|us|this|my)\b",
        r"\b(stop|quit|cease|enough of) (with )?(the |all |all the |these |those |your |sending )*(me |us )?"
        r"(text|texts|texting|message|messages|messaging|sms|spam|spamming|contacting)\b",
        r"\bstop sending\b",
        r"\bno (more|further) (text|texts|texting|message|messages|sms)\b",
        r"\b(take|get|remove|delete|drop) (me|us|my number|this number|my phone|our number)\b"
        r".{0,100}\b(off|from|list|out)\b",
        r"\b(remove|delete) (me|us|my number|this number|our number)\b",
        r"\b(take|get) (me|us|my number|this number|our number) off\b",
        r"\b(unsubscribe|opt) (me|us|my number|this number)\b",
        r"\b(want|wish|like) to (unsubscribe|opt out|stop (getting|receiving))\b",
        r"\b(do not|dont) (want|wish) (to (get|receive|see) )?(any )?(more |further |of )*(these |your |the )?"
        r"(text|texts|message|messages|sms)\b",
        r"\bleave (me|us) alone\b",
        r"\b(lose|forget) (my|this) number\b",
    )
)


def asks_to_stop(body: str) -> bool:
    """OPTIN-PLAIN-WORDS: whether a text asks in other words to be left in peace. A person decides what follows.

    It looks for wishes about being texted ("please don't text me any more", "take me off your list"), in English,
    ignoring case, accents of apostrophes and punctuation. A keyword is not among them: it takes effect by itself.
    """
    if keyword(body) is not None:
        return False
    words = re.sub(r"[^\w\s]", " ", body.lower().replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", ""))
    words = re.sub(r"\s+", " ", words).strip()
    return any(pattern.search(words) for pattern in _STOP_WISHES)


def _is_surrounding(character: str) -> bool:
    """Punctuation, separators, and control or format characters."""
    return unicodedata.category(character)[0] in "PZC" or character in _ASCII_SYMBOLS
