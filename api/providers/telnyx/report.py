"""Telnyx's words for a message's state, and ours; the errors of a record or an answer."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from api.providers import json_fields as fields
from api.providers.port import MessageStatus, StatusReport
from api.providers.telnyx.errors import OPTED_OUT, error_title

STATUSES: Mapping[str, MessageStatus] = MappingProxyType(
    {
        "queued": MessageStatus.SENT,
        "sending": MessageStatus.SENT,
        "sent": MessageStatus.SENT,
        "delivery_unconfirmed": MessageStatus.SENT,
        "delivered": MessageStatus.DELIVERED,
        "read": MessageStatus.DELIVERED,
        "delivery_failed": MessageStatus.UNDELIVERED,
        "expired": MessageStatus.UNDELIVERED,
        "sending_failed": MessageStatus.FAILED,
    }
)
"""Telnyx's words for a message's state, and ours. Without a receipt from the carrier it stays `sent`."""

MAX_ERRORS = 20
"""Errors of one answer or event that are looked at."""


def status_report(payload: object, *, at: object) -> StatusReport | None:
    """What a message's record says. None for one without id or status. `at`: the event that it came in."""
    message_id = fields.text(payload, "id")
    status = fields.text(payload, "to", 0, "status", limit=100)
    if message_id is None or status is None:
        return None
    code, title = decisive_error(errors_in(payload))
    return StatusReport(
        provider_message_id=message_id,
        status=STATUSES.get(status.lower()),
        provider_status=status.lower(),
        error_code=code,
        error_title=title,
        opted_out=code == OPTED_OUT,
        provider_time=fields.time(at, "occurred_at"),
    )


def errors_in(payload: object) -> list[tuple[str, object]]:
    """The first errors of a record or an answer: each one's code and the whole of it."""
    errors = fields.items(payload, "errors")[:MAX_ERRORS]
    return [(code, each) for each in errors if (code := fields.text(each, "code", limit=100))]


def decisive_error(errors: Sequence[tuple[str, object]]) -> tuple[str | None, str | None]:
    """The code and the words that count: that the recipient has opted out before all others, else the first."""
    if any(code == OPTED_OUT for code, _ in errors):
        return OPTED_OUT, error_title(OPTED_OUT)
    for code, error in errors:
        return code, error_title(code, fields.text(error, "title") or fields.text(error, "detail"))
    return None, None
