"""Telnyx's webhooks: their signature, the event in them, and what it says.

Wire facts: Telnyx's guides to receiving webhooks and to opting in and out.
"""

import base64
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.kit.phone import MAX_SENDER
from api.kit.text import kept_apart, made_storable
from api.providers import json_fields as fields
from api.providers.port import (
    EventKind,
    LineAccess,
    MediaItem,
    OptOutSignal,
    ReceivedMessage,
    StatusReport,
    UnreadableEventError,
    WebhookEvent,
    WebhookRequest,
)
from api.providers.received_parts import is_layout
from api.providers.telnyx.report import status_report

SIGNATURE = "telnyx-signature-ed25519"
TIMESTAMP = "telnyx-timestamp"

PUBLIC_KEYS = ("public_key", "public_key_secondary")

TOLERANCE_SECONDS = 300
"""How far a webhook's timestamp may be from our clock, either way."""

EVENTS: Mapping[str, EventKind] = MappingProxyType(
    {
        "message.received": EventKind.MESSAGE,
        "message.sent": EventKind.STATUS,
        "message.finalized": EventKind.STATUS,
        "message.read": EventKind.STATUS,
    }
)
"""What an event is, whichever of our two addresses it came to: a profile has one address for everything."""

SIGNALS: Mapping[str, OptOutSignal] = MappingProxyType({signal.value: signal for signal in OptOutSignal})
"""`autoresponse_type`: which of its keyword lists, the profile's own words among them, the text was found in."""


def is_authentic(line: LineAccess, request: WebhookRequest, *, now: float) -> bool:
    """`now`: seconds since the epoch."""
    timestamp = request.headers.get(TIMESTAMP, "")
    try:
        if abs(int(now) - int(timestamp)) > TOLERANCE_SECONDS:
            return False
        signature = base64.b64decode(request.headers.get(SIGNATURE, ""))
        signed = f"{timestamp}|{request.body.decode()}".encode()
    except ValueError:
        return False
    # While keys are rotated, Telnyx may sign with either of the two.
    keys = [key for name in PUBLIC_KEYS if (key := line.credentials.get(name))]
    return any(_verifies(key, signature, signed) for key in keys)


def _verifies(public_key: str, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key)).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def split_webhook(request: WebhookRequest) -> Sequence[WebhookEvent]:
    content_type = made_storable(request.headers.get("content-type", ""))[:200]
    unreadable = WebhookEvent.unreadable(request.body, content_type)
    try:
        data = fields.found(fields.parsed(request.body), "data")
    except ValueError:
        return [unreadable]
    if fields.found(data, "time_clicked") is not None:
        # Somebody followed a link that the profile has shortened: read, understood, and nothing of ours.
        return []
    event_id = fields.text(data, "id", limit=200)
    event_kind = EVENTS.get(fields.text(data, "event_type") or "")
    if event_id is None or event_kind is None:
        return [unreadable]
    other = ("from",) if event_kind is EventKind.MESSAGE else ("to", 0)
    return [
        WebhookEvent(
            kind=event_kind,
            event_id=event_id,
            phone_number=fields.text(data, "payload", *other, "phone_number", limit=40),
            body=request.body,
            content_type=content_type,
        )
    ]


def read_message(body: bytes) -> ReceivedMessage:
    data = _event(body)
    payload = fields.found(data, "payload")
    message_id = fields.text(payload, "id")
    sender = fields.as_sent(payload, "from", "phone_number")
    if message_id is None or sender is None:
        raise UnreadableEventError("The message has no id or no sender.")
    return ReceivedMessage(
        provider_message_id=message_id,
        sender=kept_apart(sender, limit=MAX_SENDER),
        body=fields.text(payload, "text") or "",
        media=[
            MediaItem(url=url, content_type=fields.text(each, "content_type") or "application/octet-stream")
            for each in fields.items(payload, "media")[:10]
            if (url := fields.text(each, "url")) and not is_layout(fields.text(each, "content_type") or "", url)
        ],
        signal=SIGNALS.get((fields.text(payload, "autoresponse_type") or "").lower()),
        provider_time=fields.time(payload, "received_at") or fields.time(data, "occurred_at"),
    )


def read_status(body: bytes) -> StatusReport:
    data = _event(body)
    report = status_report(fields.found(data, "payload"), at=data)
    if report is None:
        raise UnreadableEventError("The event has no message id or no status.")
    return report


def _event(body: bytes) -> object:
    """Raises `UnreadableEventError`."""
    try:
        return fields.found(fields.parsed(body), "data")
    except ValueError as error:
        raise UnreadableEventError(f"The event cannot be read: {error}.") from None
