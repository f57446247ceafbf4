"""The sandbox's events, as the journal holds them: how they are made, and what they say."""

import json
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from api.kit.phone import MAX_SENDER
from api.kit.text import kept_apart
from api.providers import fields
from api.providers.port import (
    EventKind,
    LaterEvent,
    MessageStatus,
    ReceivedMessage,
    StatusReport,
    UnreadableEventError,
    WebhookEvent,
)
from api.providers.sandbox.errors import ERRORS

CONTENT_TYPE = "application/json"

STATUSES: Mapping[str, MessageStatus] = MappingProxyType(
    {each.value: each for each in (MessageStatus.DELIVERED, MessageStatus.UNDELIVERED, MessageStatus.FAILED)}
)


def text_event(message_id: str, *, sender: str, body: str) -> WebhookEvent:
    """A text from a test number. The same id is the same text (RECV-ONCE)."""
    content = {"id": message_id, "from": sender, "text": body}
    return WebhookEvent(EventKind.MESSAGE, message_id, sender, _encoded(content), CONTENT_TYPE)


def report_event(
    delay: timedelta, message_id: str, *, to: str, status: MessageStatus, code: str | None, ref: UUID
) -> LaterEvent:
    """The report of a text that comes `delay` after its acceptance. `ref` is our message's id."""
    content = {"id": message_id, "status": status.value, "code": code}
    event_id = f"{message_id}:{status.value}"
    event = WebhookEvent(EventKind.STATUS, event_id, to, _encoded(content), CONTENT_TYPE, message_ref=ref)
    return LaterEvent(event, delay)


def _encoded(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def read_message(body: bytes) -> ReceivedMessage:
    event = fields.journaled_json(body)
    message_id, sender = fields.text(event, "id"), fields.as_sent(event, "from")
    if message_id is None or sender is None:
        raise UnreadableEventError("The text has no id or no from.")
    return ReceivedMessage(
        provider_message_id=message_id,
        sender=kept_apart(sender, limit=MAX_SENDER),
        body=fields.text(event, "text") or "",
        media=(),
        signal=None,
        provider_time=None,
    )


def read_status(body: bytes) -> StatusReport:
    event = fields.journaled_json(body)
    message_id, word = fields.text(event, "id"), fields.text(event, "status")
    if message_id is None or word is None:
        raise UnreadableEventError("The report has no id or no status.")
    return ERRORS.report(message_id, word, status=STATUSES.get(word), code=fields.text(event, "code"))
