"""Twilio's words for a message's state, and ours."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import httpx

from api.providers.port import LineAccess, MessageStatus, StatusReport
from api.providers.twilio.errors import OPTED_OUT, error_title

STATUSES: Mapping[str, MessageStatus | None] = MappingProxyType(
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
"""Twilio's words for a message's state, and ours. Its `queued` is our `sent`: the provider has it."""


def status_report(*, sid: str, status: str, code: str | None, message: str | None, at: datetime | None) -> StatusReport:
    if code == "0":
        code = None
    return StatusReport(
        provider_message_id=sid,
        status=STATUSES.get(status),
        provider_status=status,
        error_code=code,
        error_title=error_title(code, message) if code else None,
        opted_out=code == OPTED_OUT,
        provider_time=at,
    )


def basic_auth(line: LineAccess) -> httpx.BasicAuth:
    return httpx.BasicAuth(line.credentials["account_sid"], line.credentials["auth_token"])
