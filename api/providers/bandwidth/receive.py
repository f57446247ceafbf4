"""Bandwidth's webhooks: their credentials, the events in them, and what each says.

Wire facts: Bandwidth's API reference for messaging and its guide to webhooks.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from api.kit.phone import MAX_SENDER
from api.kit.secrets import equal
from api.kit.text import kept_apart, made_storable
from api.providers import json_fields as fields
from api.providers.bandwidth.errors import NO_RECEIPT, OPTED_OUT, error_title
from api.providers.bandwidth.json_array import elements
from api.providers.port import (
    EventKind,
    LineAccess,
    MediaItem,
    MessageStatus,
    ReceivedMessage,
    StatusReport,
    UnreadableEventError,
    WebhookEvent,
    WebhookRequest,
)
from api.providers.received_parts import is_layout, suffix

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
"""The types of events that report on a text of ours, and the state that each tells."""

CONTENT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "png": "image/png",
        "gif": "image/gif",
        "webp": "image/webp",
        "heic": "image/heic",
        "mp4": "video/mp4",
        "3gp": "video/3gpp",
        "mov": "video/quicktime",
        "mp3": "audio/mpeg",
        "amr": "audio/amr",
        "m4a": "audio/mp4",
        "pdf": "application/pdf",
        "vcf": "text/vcard",
        "txt": "text/plain",
    }
)
"""Bandwidth names media by address alone."""


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


def split_webhook(request: WebhookRequest) -> Sequence[WebhookEvent]:
    content_type = made_storable(request.headers.get("content-type", ""))[:200]
    try:
        found = elements(request.body)
    except ValueError:
        return [WebhookEvent.unreadable(request.body, content_type)]
    events = (_event(element, raw, content_type) for element, raw in found)
    return [event for event in events if event is not None]


def _basic(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def _event(element: object, raw: bytes, content_type: str) -> WebhookEvent | None:
    """What is journaled of one element. None for the echo of a text of ours: taken for an arrival, it would be
    answered."""
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
        # An event has no id of its own: its content is what makes it one event.
        event_id=f"{message_id}:{hashlib.sha256(raw).hexdigest()[:32]}",
        phone_number=fields.text(element, "to", limit=40),
        body=raw,
        content_type=content_type,
        message_ref=_uuid(fields.text(element, "message", "tag")),
    )


def read_message(body: bytes) -> ReceivedMessage:
    event = _parsed(body)
    message_id = fields.text(event, "message", "id")
    sender = fields.as_sent(event, "message", "from")
    if message_id is None or sender is None:
        raise UnreadableEventError("The message has no id or no sender.")
    urls = [url for each in fields.items(event, "message", "media") if (url := fields.text(each))]
    return ReceivedMessage(
        provider_message_id=message_id,
        sender=kept_apart(sender, limit=MAX_SENDER),
        body=fields.text(event, "message", "text") or "",
        media=[
            MediaItem(url=url, content_type=CONTENT_TYPES.get(suffix(url), "application/octet-stream"))
            for url in urls
            if not is_layout("", url)
        ][:10],
        signal=None,
        provider_time=fields.time(event, "message", "time") or fields.time(event, "time"),
    )


def read_status(body: bytes) -> StatusReport:
    event = _parsed(body)
    message_id = fields.text(event, "message", "id")
    word = fields.text(event, "type", limit=100)
    if message_id is None or word is None:
        raise UnreadableEventError("The event has no message id or no type.")
    code = fields.text(event, "errorCode", limit=100)
    if code == "0":
        code = None
    return StatusReport(
        provider_message_id=message_id,
        status=MessageStatus.SENT if code == NO_RECEIPT else STATUSES.get(word),
        provider_status=word,
        error_code=code,
        error_title=error_title(code, fields.text(event, "description")) if code else None,
        opted_out=code == OPTED_OUT,
        provider_time=fields.time(event, "time"),
    )


def _parsed(body: bytes) -> object:
    """Raises `UnreadableEventError`."""
    try:
        return fields.parsed(body)
    except ValueError as error:
        raise UnreadableEventError(f"The event cannot be read: {error}.") from None


def _uuid(tag: str | None) -> UUID | None:
    try:
        return UUID(tag) if tag else None
    except ValueError:
        return None
