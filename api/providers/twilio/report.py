"""Twilio's words for a message's state, and ours."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from api.providers.port import MessageStatus, StatusReport
from api.providers.twilio.errors import ERRORS

STATUSES: Mapping[str, MessageStatus] = MappingProxyType(
    {
        "accepted": MessageStatus.SENT,
        "scheduled": MessageStatus.SENT,
        "queued": MessageStatus.SENT,
        "sending": MessageStatus.SENT,
        "sent": MessageStatus.SENT,
        "delivered": MessageStatus.DELIVERED,
        "read": MessageStatus.DELIVERED,
        "partially_delivered": MessageStatus.DELIVERED,
        "undelivered": MessageStatus.UNDELIVERED,
        "failed": MessageStatus.FAILED,
        "canceled": MessageStatus.FAILED,
    }
)
"""Twilio's `queued` is our `sent`: the provider has the message."""


def status_report(sid: str, word: str, *, code: str | None, said: str | None, at: datetime | None) -> StatusReport:
    word = word.lower()
    return ERRORS.report(sid, word, status=STATUSES.get(word), code=code, said=said, at=at)
