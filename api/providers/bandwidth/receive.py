"""Bandwidth's webhooks: their credentials, the events in them, and what each says.

Wire facts: Bandwidth's API reference for messaging and its guide to webhooks.
"""

import base64
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from api.kit.phone import MAX_SENDER
from api.kit.secrets import equal
from api.kit.text import kept_apart
from api.providers import fields
from api.providers.bandwidth.errors import ERRORS, NO_RECEIPT
from api.providers.bandwidth.json_array import elements
from api.providers.port import (
    EventKind,
    LineAccess,
    MessageStatus,
    ReceivedMessage,
    StatusReport,
    UnreadableEventError,
    WebhookEvent,
    WebhookRequest,
    id_by_content,
)
from api.providers.received_parts import media_items

RECEIVED = "message-received"

STATUSES: Mapping[str, MessageStatus] = MappingProxyType(
    {
        "message-sending": MessageStatus.SENT,
        "message-sent": MessageStatus.SENT,
        "message-delivered": MessageStatus.DELIVERED,
        "message-read": MessageStatus.DELIVERED,
        "message-failed": MessageStatus.FAILED,
    }
)
"""Our status for each type of event that reports on a text of ours."""


def is_authentic(line: LineAccess, request: WebhookRequest) -> bool:
    """HTTP Basic is all that Bandwidth offers: name and password are compared together, in constant time."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    shown = given.strip(" ").encode("utf-8", "replace")
    credentials = line.credentials
    username, password = credentials["callback_username"], credentials["callback_password"]
    pairs = [_basic(username, password)]
    if second := credentials.get("callback_password_secondary"):
        pairs.append(_basic(credentials.get("callback_username_secondary") or username, second))
    # Every pair is compared, so that the time does not say which of them is right.
    matches = [equal(shown, pair) for pair in pairs]
    return any(matches) and scheme.lower() == "basic"


def split_webhook(request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
    """`kind` decides nothing: each event says what it is."""
    content_type = request.content_type
    try:
        found = elements(request.body)
    except ValueError:
        return [WebhookEvent.unreadable(request.body, content_type)]
    events = (_event(element, raw, content_type) for element, raw in found)
    return [event for event in events if event is not None]


def _basic(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def _event(element: object, raw: bytes, content_type: str) -> WebhookEvent | None:
    """The event of one element of the array. None for the echo of a text of ours, which is not an arrival."""
    word = fields.text(element, "type")
    message_id = fields.text(element, "message", "id", limit=200)
    if message_id is None or word is None:
        return WebhookEvent.unreadable(raw, content_type)
    if word == RECEIVED:
        direction = fields.text(element, "message", "direction")
        if direction == "out":
            return None
        if direction != "in":
            return WebhookEvent.unreadable(raw, content_type)
        return WebhookEvent(
            kind=EventKind.MESSAGE,
            event_id=message_id,
            phone_number=fields.text(element, "message", "from", limit=40),
            body=raw,
            content_type=content_type,
        )
    if word not in STATUSES:
        return WebhookEvent.unreadable(raw, content_type)
    return WebhookEvent(
        kind=EventKind.STATUS,
        event_id=id_by_content(message_id, raw),
        phone_number=fields.text(element, "to", limit=40),
        body=raw,
        content_type=content_type,
        message_ref=_uuid(fields.text(element, "message", "tag")),
    )


def read_message(body: bytes) -> ReceivedMessage:
    event = fields.journaled_json(body)
    message_id = fields.text(event, "message", "id")
    sender = fields.as_sent(event, "message", "from")
    if message_id is None or sender is None:
        raise UnreadableEventError("The message has no id or no sender.")
    return ReceivedMessage(
        provider_message_id=message_id,
        sender=kept_apart(sender, limit=MAX_SENDER),
        body=fields.text(event, "message", "text") or "",
        media=media_items((fields.text(each), None) for each in fields.items(event, "message", "media")),
        signal=None,
        provider_time=fields.time(event, "message", "time") or fields.time(event, "time"),
    )


def read_status(body: bytes) -> StatusReport:
    event = fields.journaled_json(body)
    message_id = fields.text(event, "message", "id")
    word = fields.text(event, "type", limit=100)
    if message_id is None or word is None:
        raise UnreadableEventError("The event has no message id or no type.")
    code = fields.text(event, "errorCode", limit=100)
    return ERRORS.report(
        message_id,
        word,
        status=MessageStatus.SENT if code == NO_RECEIPT else STATUSES.get(word),
        code=code,
        said=fields.text(event, "description"),
        at=fields.time(event, "time"),
    )


def _uuid(tag: str | None) -> UUID | None:
    try:
        return UUID(tag) if tag else None
    except ValueError:
        return None
