"""Delivery states and consent signals, the same for every provider."""

from enum import StrEnum


class MessageStatus(StrEnum):
    """Delivery states of a message, the same for every provider."""

    RECEIVED = "received"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


class OptOutSignal(StrEnum):
    """The provider's own word on the sender's consent, beside or instead of the text."""

    STOP = "stop"
    START = "start"
    HELP = "help"
