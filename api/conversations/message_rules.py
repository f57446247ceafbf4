"""Pure rules of messages: what a new one is, its length and segments, and the order of its statuses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from api.access.rules import Principal
from api.consent.keywords import Keyword
from api.consent.rules import OptInCheck
from api.consent.wishes import asks_to_stop
from api.kit.lexemes import search_vector
from api.kit.text import MAX_LOOKED_AT
from api.providers.port import MessageStatus, SendLimits

MAX_BODY_CHARACTERS = 1600
"""Our own limit for every provider. `too_much` applies the provider's, which may be lower."""

MAX_MEDIA = 10

MAX_WORDS = 20_000
"""The most characters of a received message's text with its text parts. A longer part stays a file."""


def with_words(body: str, words: str) -> str | None:
    """A received message's body with the text of one of its parts added. None if it would be longer than `MAX_WORDS`.

    Some providers give the same text as body and as part: it is added once.
    """
    words = words.strip()
    if not words or words in body:
        return body
    longer = f"{body}\n{words}" if body.strip() else words
    return longer if len(longer) <= MAX_WORDS else None


def adopted_media_id(message_id: UUID, position: int) -> UUID:
    """The id of a file that a version before 0005 stored without one. Adopting the file keeps this id."""
    return uuid5(message_id, str(position))


def shown_media(stored: Sequence[Mapping[str, Any]]) -> list[tuple[int, Mapping[str, Any]]]:
    """The files that people see, each with its position: neither parts that became text nor layouts."""
    return [(position, each) for position, each in enumerate(stored) if not each.get("hidden")]


class MediaState(StrEnum):
    """The state of a file of a received message."""

    WAITING = "waiting"
    KEPT = "kept"
    REFUSED = "refused"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class EntrySource(StrEnum):
    """Where an entry of a message's timeline comes from."""

    STAFF = "staff"
    """The request that sent the message, of a staff member or an API key."""
    WORKER = "worker"
    PROVIDER = "provider"
    """A webhook."""
    RECONCILIATION = "reconciliation"
    """A backfill, or the reconciliation of an unknown outcome."""


class Automatic(StrEnum):
    """Why a message was sent without a person."""

    KEYWORD = "keyword"
    """It confirms a keyword (OPTIN-CONFIRM)."""
    AWAY = "away"
    SIGNUP = "signup"
    """The number has become opted in (MASS-SIGNUP)."""


def automatic(*, answers: str | None, is_away: bool, is_signup: bool) -> Automatic | None:
    if is_away:
        return Automatic.AWAY
    if is_signup:
        return Automatic.SIGNUP
    return Automatic.KEYWORD if answers is not None else None


class Encoding(StrEnum):
    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


_GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""3GPP TS 23.038, the default alphabet: one septet each."""

_GSM_EXTENSION = frozenset("^{}\\[~]|€\f")
"""3GPP TS 23.038, the extension table: two septets each, never split across parts."""

_GSM = _GSM_BASIC | _GSM_EXTENSION

GSM_SINGLE, GSM_PART = 160, 153
UCS_SINGLE, UCS_PART = 70, 67


@dataclass(frozen=True)
class Segments:
    encoding: Encoding
    count: int
    units: int
    """Septets for GSM-7, UTF-16 code units for UCS-2."""


def segments(body: str) -> Segments:
    """The segments that a text is billed as, from its first `MAX_LOOKED_AT` characters. An empty text counts as one."""
    body = body[:MAX_LOOKED_AT]
    if _GSM_BASIC.issuperset(body) and len(body) <= GSM_SINGLE:
        return Segments(encoding=Encoding.GSM_7, count=1, units=len(body))
    if _GSM.issuperset(body):
        costs = [2 if character in _GSM_EXTENSION else 1 for character in body]
        return _counted(Encoding.GSM_7, costs, single=GSM_SINGLE, part=GSM_PART)
    costs = [2 if ord(character) > 0xFFFF else 1 for character in body]
    return _counted(Encoding.UCS_2, costs, single=UCS_SINGLE, part=UCS_PART)


def _counted(encoding: Encoding, costs: list[int], *, single: int, part: int) -> Segments:
    units = sum(costs)
    if units <= single:
        return Segments(encoding=encoding, count=1, units=units)
    count, used = 1, 0
    for cost in costs:
        if used + cost > part:
            count, used = count + 1, 0
        used += cost
    return Segments(encoding=encoding, count=count, units=units)


@dataclass(frozen=True, slots=True)
class Content:
    """The text of a received message, and the columns that are derived from it."""

    body: str
    segments: Segments
    asks_to_stop: bool
    search: str
    """As PostgreSQL reads a tsvector."""


def content(body: str, *, organization_id: UUID) -> Content:
    return Content(
        body=body,
        segments=segments(body),
        asks_to_stop=asks_to_stop(body),
        search=search_vector(body, organization_id=organization_id),
    )


@dataclass(frozen=True, kw_only=True)
class ReceivedText:
    """A message that arrived, ready to be stored."""

    message_id: UUID
    content: Content
    media: list[dict[str, Any]]
    """Its files, as `Message.media` stores them."""
    provider_message_id: str
    provider_time: datetime | None
    source: EntrySource
    inbound_event_id: UUID


@dataclass(frozen=True)
class SentFile:
    """A file that a new message sends and the service serves."""

    id: UUID
    content_type: str
    size: int
    source: UUID
    """The upload, or the file of the failed message, that holds the content."""

    def shown(self) -> dict[str, Any]:
        """As `Message.media` stores it."""
        return {
            "id": str(self.id),
            "content_type": self.content_type,
            "state": MediaState.KEPT.value,
            "size": self.size,
            "reason": None,
        }


def sent_media(urls: Sequence[str], files: Sequence[SentFile]) -> list[dict[str, Any]]:
    """The media of a message that is sent, as `Message.media` stores them."""
    elsewhere = [{"url": url, "content_type": "application/octet-stream"} for url in urls]
    return [*elsewhere, *(file.shown() for file in files)]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A text that a staff member or an integration wants to send. `seen_seq`: the last message that they have seen."""

    body: str
    media_urls: Sequence[str] = ()
    attachments: Sequence[UUID] = ()
    """Uploads of the sender's."""
    seen_seq: int | None = None
    close: bool = False
    message_id: UUID | None = None
    """The id that the message gets: of the scheduled text that it was (LATER). None: a new one."""
    is_unread: bool = False
    """A text has come that its author has not seen: the conversation keeps its status."""
    client_key: UUID | None = None
    """The key under which the sender's outbox keeps it (`Message.client_key`)."""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OfBroadcast:
    """The mass text that a message belongs to."""

    id: UUID
    name: str
    not_after: datetime | None
    """When its recipient's hours end; None: it may leave at any hour (MASS-HOURS)."""


@dataclass(frozen=True, kw_only=True)
class OutgoingText:
    """A message to be sent, allowed by `check` or, if it answers a keyword, whatever `check` says (OPTIN-CONFIRM)."""

    body: str
    media_urls: Sequence[str] = ()
    files: "Sequence[SentFile]" = ()
    """Files of ours, after those of `media_urls`."""
    check: OptInCheck
    sent_by: Principal | None
    """None for an automatic answer."""
    retry_of: UUID | None = None
    client_key: UUID | None = None
    answers: Keyword | None = None
    """The keyword that it answers."""
    settles_not_sent: bool = False
    """A person has read the conversation and answers: what was not sent before needs nobody any more (NOT-SENT)."""
    is_away: bool = False
    """It is the away message."""
    is_signup: bool = False
    """It is the sign-up message (MASS-SIGNUP): it waits behind replies, and among mass texts as one of them."""
    broadcast: OfBroadcast | None = None
    message_id: UUID | None = None
    """None: a new one."""
    metadata: Mapping[str, str] = field(default_factory=dict)


def too_much(body: str, *, media: int, limits: SendLimits) -> tuple[str, str] | None:
    """The field of a message that the provider would refuse, and why; None if it takes the message. `media`: files."""
    characters = min(limits.characters or MAX_BODY_CHARACTERS, MAX_BODY_CHARACTERS)
    if len(body) > characters:
        return "/body", f"A text on this line has at most {characters:,} characters. This one has {len(body):,}."
    if limits.segments is not None and not media:
        counted = segments(body)
        if counted.count > limits.segments:
            detail = f"A text on this line has at most {limits.segments} parts. This one has {counted.count}."
            return "/body", f"{detail} {_part_words(counted.encoding)}"
    if media > limits.media:
        return "/media_urls", f"A text on this line has at most {limits.media} pictures. This one has {media}."
    return None


def too_heavy(files: Sequence[SentFile], *, line_kind: str, limits: SendLimits) -> tuple[str, str] | None:
    """The field and the reason if carriers would not deliver so many bytes; None if they do."""
    most, size = limits.media_bytes.of(line_kind), sum(file.size for file in files)
    if size <= most:
        return None
    sizes = f"{size / 1000:,.0f} kB together. A text on this line carries {most / 1000:,.0f} kB"
    return "/attachments", f"The files are {sizes}. Send them in several texts."


def _part_words(encoding: Encoding) -> str:
    if encoding is Encoding.GSM_7:
        return f"A part holds {GSM_PART} characters."
    return f"A part holds {UCS_PART} characters, since the text has letters or emoji beyond the phone's basic alphabet."


RANK = {
    MessageStatus.QUEUED: 0,
    MessageStatus.SENDING: 1,
    MessageStatus.UNKNOWN: 1,
    MessageStatus.SENT: 2,
    MessageStatus.UNDELIVERED: 3,
    MessageStatus.FAILED: 3,
    MessageStatus.DELIVERED: 4,
    MessageStatus.RECEIVED: 9,
}
"""SEND-STATUS: a report moves a message to a higher rank only."""


def advances(current: MessageStatus, reported: MessageStatus) -> bool:
    """Whether a report moves the status: never backwards, in whatever order reports arrive (SEND-STATUS)."""
    return RANK[reported] > RANK[current]


RETRYABLE = frozenset({MessageStatus.FAILED, MessageStatus.UNDELIVERED})
"""Statuses of messages that a person may send again, as new ones. Not `unknown`: the message may have arrived."""


UNKNOWN_FOR_LONG = timedelta(minutes=10)
"""How long an outcome may be unknown before the text counts as not sent (NOT-SENT). A provider that knows it has
answered by then."""


def is_not_sent(status: MessageStatus, *, counted: bool | None, is_automatic: bool, is_overdue: bool) -> bool | None:
    """NOT-SENT: whether a message of this status counts as not sent. False: it did not go, but needs nobody any more.

    An automatic answer never counts, nor does a mass text: its own report counts those that failed.

    `counted` is the answer before. `is_overdue`: the outcome has been unknown for `UNKNOWN_FOR_LONG`.
    """
    if is_automatic:
        return counted
    match status:
        case MessageStatus.SENT | MessageStatus.DELIVERED:
            return None
        case MessageStatus.FAILED | MessageStatus.UNDELIVERED:
            return True if counted is None else counted
        case MessageStatus.UNKNOWN if is_overdue:
            return True if counted is None else counted
        case _:
            return counted
