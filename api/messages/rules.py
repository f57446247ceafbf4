"""Pure rules of a message: its segments, and the order of its delivery states."""

from dataclasses import dataclass
from enum import StrEnum

from api.kit.text import MAX_LOOKED_AT
from api.providers.port import MessageStatus

MAX_BODY_CHARACTERS = 1600
"""The longest text that every provider takes."""

MAX_MEDIA = 10


class MediaState(StrEnum):
    """Of a file that a received message came with."""

    WAITING = "waiting"
    KEPT = "kept"
    REFUSED = "refused"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


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
    """How many parts a text is billed as: its first `MAX_LOOKED_AT` characters. An empty one (a picture) is one."""
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
"""SEND-STATUS: a report moves a message only to a higher rank."""


def advances(current: MessageStatus, reported: MessageStatus) -> bool:
    """Whether a provider's report moves the status shown. It never goes backwards, whatever order they arrive in."""
    return RANK[reported] > RANK[current]


RETRYABLE = frozenset({MessageStatus.FAILED, MessageStatus.UNDELIVERED})
"""What a person may send again, as a new message. Never `unknown`: it may have arrived."""
