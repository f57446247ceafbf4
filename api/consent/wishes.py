"""Recognises wishes to stop: texts that ask in other words than a keyword to get no more texts (OPTIN-PLAIN-WORDS).

A text is split into words, and every short run of words is looked up in tables. The time is in proportion to the number
of words times the number of lengths that the runs of a table have. Both are bounded.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, product

from api.consent.keywords import KEYWORDS, Keyword, keyword
from api.kit.folding import APOSTROPHES_OR_PRIME

MAX_CHARACTERS = 2_000
"""The first and the last characters of a text that are read."""

MAX_WORDS = 2 * MAX_CHARACTERS
"""The most words and ends of clauses that are read. Folding makes several words of some characters."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


ALTERNATIVES = {
    "DONT": "dont|do not|donot|dnt|don t|never|no longer",
    "NOT": "dont|do not|donot|dnt|don t|never|no longer|cannot|can not|cant|should not|shouldnt|must not",
    "TEXT": "text|txt|message|msg|sms|contact|write|notify|spam",
    "TEXTING": "texting|txting|messaging|msging|contacting|spamming|text|txt|message|messages|msg|texts|txts|msgs|sms"
    "|spam|text messages|text alerts|text notifications|text reminders|sms messages|group texts|mass texts"
    "|notifications|alerts|reminders|updates|announcements|promotions|communications|communication",
    "TEXTS": "texts|txts|messages|msgs|text|message|sms|text messages|text alerts|group texts|mass texts"
    "|notifications|alerts|reminders|spam",
    "MESSAGES": "texts|txts|messages|msgs|sms|text messages|text alerts|text notifications|text reminders"
    "|group texts|mass texts|notifications|alerts|reminders|spam",
    "BOTHERING": "bothering|calling|emailing|notifying|harassing|pestering|bugging|annoying|hounding|writing",
    "ME": "me|us|this number|this phone|this cell|my number|my phone|my cell|my mobile|our number|our phone",
    "MINE": "me|us|my number|my phone|my cell|my mobile|my name|my info|my phone number|my cell number"
    "|my mobile number|our number|our name|our phone|our phone number|this number|this phone|this phone number",
    "STOP": "stop|quit|cease|halt|discontinue|enough|enough of|enough with",
    "END": "end|cancel|disable|turn off|shut off|switch off|revoke",
    "REMOVE": "remove|delete|erase|unenroll|unregister",
    "TAKE": "take|get|drop|strike|pull",
    "TAKEN": "removed|deleted|erased|taken off",
    "WANT": "want|wish|like|prefer|need|choose|how do i|how can i|how do we|how can we",
    "GET": "get|receive|see|read|have|be getting|be receiving|be sent",
    "GETTING": "getting|receiving|seeing",
    "LIST": "list|lists|database|system|group|thread|contacts|subscription",
    "KIND": "text|texting|mailing|contact|contacts|sms|phone|message|messaging|call|calling|group|marketing|mail",
    "UNSUBSCRIBE": "unsubscribe|un subscribe|unsub|unsubscribed|unsuscribe|unsubcribe|opt out|optout|opted out",
}
"""The alternatives of each word in capitals in the tables below. An alternative may have several words."""

ANYWHERE = (
    # Not to be texted.
    "NOT TEXT ME",
    "DONT TEXT anymore|again|more",
    "DONT keep TEXTING",
    "DONT send ME more? TEXTS",
    "DONT send more? of? MESSAGES",
    "DONT send me|us anything",
    "DONT want|wish GET? more? of? TEXTS",
    "DONT want|wish GET? anything from you",
    "DONT want|wish GET? this from you",
    "DONT want|wish hear from you",
    "DONT want|wish you|u TEXT",
    "DONT want|wish you|u TEXTING",
    "DONT want|wish be contacted|texted|messaged|bothered|notified|spammed",
    "rather not GET more? TEXTS",
    "rather not be contacted|texted|messaged|bothered",
    "DONT need more? of? MESSAGES",
    "not interested in GETTING? MESSAGES",
    "never|not|didnt sign|signed up for MESSAGES",
    "never|not|didnt ask|asked for MESSAGES",
    # Stopping.
    "STOP with|w? sending? ME? TEXTING",
    "STOP BOTHERING me|us",
    "STOP BOTHERING and|or texting|messaging",
    "STOP texting|messaging and|or BOTHERING",
    "stop sending",
    "stop blowing up my phone",
    "END my? MESSAGES",
    "no more|further of? TEXTS",
    "no more|further texting|messaging",
    "WANT stop GETTING",
    "cease and desist",
    # Off a list.
    "REMOVE MINE",
    "TAKE MINE off",
    "take off of? this? KIND? LIST",
    "REMOVE from this? KIND? LIST",
    "want|like off|out of? this? KIND? LIST",
    "how do|can i|we get off|out of? this? LIST",
    "WANT be TAKEN",
    "WANT MINE TAKEN",
    # Unsubscribing.
    "UNSUBSCRIBE MINE",
    "opt MINE out",
    "unsubscribe from",
    "opt out of this? MESSAGES",
    "trying|tried UNSUBSCRIBE",
    "WANT be? UNSUBSCRIBE",
    "i|we|me UNSUBSCRIBE",
    "i|we am|are opting out",
    "im|were opting out",
    "DONT consent",
    "DONT give|have my|our? consent|permission",
    "revoke|withdraw|rescind my|our? consent|permission|authorization|authorisation",
    # To be left alone.
    "leave me|us alone",
    "lose|forget my|this|our number",
)
"""Runs of words that are a wish to stop anywhere in a text."""

AT_THE_END = (
    "WANT you|u stop",
    "how do|can i|we stop it|this?",
    "told|asked|telling|asking you|u|them guys|people|folks? stop",
    "i said|texted|replied|typed|wrote|sent|answered stop",
    "make it|this|them stop",
    "wrong number|person stop",
    "rather not GET more?",
)
"""Runs of words that are a wish to stop at the end of a clause: "I asked you to stop", not "I asked you to stop by"."""

BY_ITSELF = (
    "stop|stopp|stopall|unsubscribe|unsub|unsubscribed|optout|remove|discontinue|desist",
    "stop it|this|that|everything|messages|texts",
    "reply|text|txt|send|type stop",
    "UNSUBSCRIBE",
    "opting out",
    "DONT text|txt|contact|message|disturb",
    "no texts|texting|sms|messages|spam",
    "go away",
    "i want out",
    "piss|fuck|buzz|bugger off",
)
"""Runs of words that are a wish to stop as a whole clause: "Please stop. We moved", not "can we stop at six"."""

AFTER_TAKING = ("off|from|out of? this? KIND? LIST",)
"""Runs of words that are a wish to stop if "take me" or "get my number" stands a few words before them."""

PLEASE = _words("please pls plz plss kindly just really already immediately damn stupid freaking fucking bloody")
FILLERS = PLEASE | _words("ever hereby the all these those your any so to even")
"""Words that are ignored in a wish."""

COURTESIES = _words(
    "thanks thank you u thx tx ty thankyou cheers ok okay hi hello hey sorry yes yeah no right now today asap guys "
    "folks everyone sir maam can could would will twice again bye"
)
"""Words that may stand beside a run of `BY_ITSELF` and after one of `AT_THE_END`."""

NEGATIONS = _words("dont not donot didnt doesnt")
AFTER_NEGATION = _words("want need wish like you u them us me")
"""Words that may stand between a negation and what it negates: "I don't want you to stop"."""
NEGATION_REACHES = 3
"""The most words between the beginning of a run and the negation before it."""

OF_TEXTS = _words("this these it here everything receiving getting texting contact communication")
"""After "opt out of", these words, `MESSAGES` and `LIST` mean texts. A recital, for example, does not."""

Words = tuple[str, ...]


def _expanded(row: str) -> Iterator[Words]:
    """Every run of words that a row stands for. A part with `?` may be absent."""
    parts: list[list[Words]] = []
    for part in row.split():
        names = part.removesuffix("?").split("|")
        choices = [choice for name in names for choice in ALTERNATIVES.get(name, name).split("|")]
        runs = [tuple(word for word in choice.split() if word not in FILLERS) for choice in choices]
        parts.append([*runs, ()] if part.endswith("?") else runs)
    for choice in product(*parts):
        yield tuple(chain.from_iterable(choice))


@dataclass(frozen=True)
class Table:
    """Runs of words, looked up by hash."""

    runs: frozenset[Words]
    first_words: frozenset[str]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, rows: Sequence[str]) -> "Table":
        runs = frozenset(run for row in rows for run in _expanded(row))
        return cls(runs, frozenset(run[0] for run in runs), tuple(sorted({len(run) for run in runs})))

    def ends(self, words: Sequence[str], start: int) -> list[int]:
        """The ends of the runs that begin at `start`."""
        if words[start] not in self.first_words:
            return []
        return [start + length for length in self.lengths if tuple(words[start : start + length]) in self.runs]


_ANYWHERE, _AT_THE_END, _BY_ITSELF = Table.of(ANYWHERE), Table.of(AT_THE_END), Table.of(BY_ITSELF)
_TAKING, _AFTER_TAKING = Table.of(["TAKE MINE"]), Table.of(AFTER_TAKING)
_TAKING_REACHES = 8
_FIRST_WORDS = _ANYWHERE.first_words | _TAKING.first_words
_OF_TEXTS = OF_TEXTS | {run[0] for run in Table.of(["MESSAGES", "KIND? LIST"]).runs}
_STOP_WORDS = frozenset(word.lower() for word, meaning in KEYWORDS.items() if meaning is Keyword.STOP)


def asks_to_stop(body: str) -> bool:
    """Whether a text asks in English to get no more texts: "please don't text me any more", "take me off your list".

    Case, accents, apostrophes and punctuation are ignored. False for a keyword, which takes effect without a person.
    """
    if keyword(body) is not None:
        return False
    text = body.strip()
    if len(text) <= 2 * MAX_CHARACTERS:
        words = words_of(text)
    else:
        words = [*words_of(text[:MAX_CHARACTERS]), OMISSION, *words_of(text[-MAX_CHARACTERS:])]
    return _is_wish(words) or _is_keyword_with_courtesies(words)


def words_of(text: str) -> list[str]:
    """The folded words of a text, with `BOUNDARY` at the end of each clause."""
    return "".join(map(_folded, text)).split(maxsplit=MAX_WORDS)[:MAX_WORDS]


BOUNDARY = "."
OMISSION = "\u2026"
"""Stands for the middle of a long text. No table has it."""

_CLAUSE_ENDS = frozenset(".!?;,\n\r\u2014\u3002\u3001\u061f\u060c")


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    """The character as letters in lower case without accents, as the end of a clause, as a space, or as nothing."""
    if character in APOSTROPHES_OR_PRIME:
        return ""
    parts = []
    for part in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold()):
        category = unicodedata.category(part)
        if part in _CLAUSE_ENDS:
            parts.append(f" {BOUNDARY} ")
        elif category[0] in "LN":
            parts.append(part)
        elif category[0] != "M" and category != "Cf":
            parts.append(" ")
    return "".join(parts)


def _is_keyword_with_courtesies(words: Sequence[str]) -> bool:
    """ "Please cancel, thank you", or S.T.O.P. In any other text CANCEL, END and QUIT are everyday words."""
    spoken = [word for word in words if word != BOUNDARY]
    if all(len(word) == 1 for word in spoken):
        spoken = ["".join(spoken)]
    return not _STOP_WORDS.isdisjoint(spoken) and (_STOP_WORDS | COURTESIES | PLEASE).issuperset(spoken)


def _is_wish(words: Sequence[str]) -> bool:
    clauses = _clauses(words)
    told = [word for clause in clauses for word in clause]
    start = 0
    for clause in clauses:
        for offset, word in enumerate(clause):
            if word not in _FIRST_WORDS:
                continue
            before = clause[max(offset - NEGATION_REACHES, 0) : offset]
            if _begins_wish(told, start + offset) and not _is_negated(before):
                return True
        start += len(clause)
    return any(_stands_by_itself(each) or _ends_in_wish(each) for each in clauses) or _pleads(words)


def _clauses(words: Sequence[str]) -> list[list[str]]:
    """The clauses of a text, without `FILLERS`."""
    clauses: list[list[str]] = [[]]
    for word in words:
        if word == BOUNDARY:
            clauses.append([])
        elif word not in FILLERS:
            clauses[-1].append(word)
    return clauses


def _pleads(words: Sequence[str]) -> bool:
    """Whether a clause ends in "please stop": "I have no children there please stop"."""
    return any(
        word == "stop"
        and words[index] in PLEASE
        and (index + 2 == len(words) or words[index + 2] == BOUNDARY or words[index + 2] in COURTESIES)
        for index, word in enumerate(words[1:])
    )


def _begins_wish(words: Sequence[str], start: int) -> bool:
    ends = _ANYWHERE.ends(words, start)
    return any(not _is_out_of_something_else(words, end) for end in ends) or _takes(words, start)


def _is_negated(before: Sequence[str]) -> bool:
    """Whether the words before a wish in its clause negate it: "don't stop", "I don't want you to stop"."""
    nearest = next((word for word in reversed(before) if word not in AFTER_NEGATION), None)
    return nearest in NEGATIONS


def _is_out_of_something_else(words: Sequence[str], end: int) -> bool:
    """Whether "of" and something other than texts follow "opt out"."""
    return (
        words[end - 1] == "out"
        and words[end : end + 1] == ["of"]
        and not _OF_TEXTS.issuperset(words[end + 1 : end + 2])
    )


def _takes(words: Sequence[str], start: int) -> bool:
    return any(
        _AFTER_TAKING.ends(words, later)
        for end in _TAKING.ends(words, start)
        for later in range(end, min(end + _TAKING_REACHES, len(words)))
    )


def _stands_by_itself(clause: Sequence[str]) -> bool:
    found, at = False, 0
    while at < len(clause):
        end = max(_BY_ITSELF.ends(clause, at), default=None)
        if end is not None:
            found, at = True, end
        elif clause[at] in COURTESIES:
            at += 1
        else:
            return False
    return found


def _ends_in_wish(clause: Sequence[str]) -> bool:
    if _AT_THE_END.first_words.isdisjoint(clause):
        return False
    last = len(clause)
    while last and clause[last - 1] in COURTESIES:
        last -= 1
    return any(end >= last for start in range(len(clause)) for end in _AT_THE_END.ends(clause, start))
