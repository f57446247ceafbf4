"""Telnyx's words for a message's state, and ours; the errors of a record or an answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from api.kit.money import read_money
from api.providers import fields
from api.providers.port import MessageStatus, StatusReport
from api.providers.telnyx.errors import ERRORS

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
"""Without a receipt from the carrier a message stays `sent`."""

MAX_ERRORS = 20
"""Errors that are read of one answer or event."""


def status_report(payload: object, *, at: datetime | None) -> StatusReport | None:
    """The report in a message's record. None if it has no id or no status."""
    message_id = fields.text(payload, "id")
    status = fields.text(payload, "to", 0, "status", limit=100)
    if message_id is None or status is None:
        return None
    word = status.lower()
    code, said = decisive_error(errors_in(payload))
    cost = read_money(fields.found(payload, "cost", "amount"), fields.found(payload, "cost", "currency"))
    return ERRORS.report(message_id, word, status=STATUSES.get(word), code=code, said=said, at=at, price=cost)


def errors_in(payload: object) -> list[tuple[str, object]]:
    """The first errors of a record or an answer that have a code, each with its code."""
    errors = fields.items(payload, "errors")[:MAX_ERRORS]
    return [(code, each) for each in errors if (code := fields.text(each, "code", limit=100))]


def decisive_error(errors: Sequence[tuple[str, object]]) -> tuple[str | None, str | None]:
    """The code that counts, and Telnyx's words for it: an opt-out before all others, else the first."""
    code, error = min(errors, key=lambda each: each[0] != ERRORS.opted_out, default=(None, None))
    return code, fields.text(error, "title") or fields.text(error, "detail")
