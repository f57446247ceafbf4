"""Telnyx's webhooks: their signature, the event in them, and what it says.

Wire facts: Telnyx's guides to receiving webhooks and to opting in and out.
"""

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.kit.phone import MAX_SENDER
from api.kit.text import kept_apart
from api.providers import fields
from api.providers.port import (
    EventKind,
    LineAccess,
    OptOutSignal,
    ReceivedMessage,
    StatusReport,
    UnreadableEventError,
    WebhookEvent,
    WebhookRequest,
)
from api.providers.received_parts import MAX_FILES, media_items
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

SIGNALS: Mapping[str, OptOutSignal] = MappingProxyType({signal.value: signal for signal in OptOutSignal})
"""`autoresponse_type`: the profile's keyword list that has the text, its own words included."""


def is_authentic(line: LineAccess, request: WebhookRequest, *, clock: Callable[[], float] = time.time) -> bool:
    """`clock` tells seconds since the epoch."""
    timestamp = request.headers.get(TIMESTAMP, "")
    try:
        if abs(int(clock()) - int(timestamp)) > TOLERANCE_SECONDS:
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


def split_webhook(request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
    """`kind` decides nothing: a profile has one address for everything, and each event says what it is."""
    unreadable = WebhookEvent.unreadable(request.body, request.content_type)
    try:
        data = fields.found(fields.parsed(request.body), "data")
    except ValueError:
        return [unreadable]
    if fields.found(data, "time_clicked") is not None:
        # Somebody followed a link that the profile has shortened. Nothing is journaled.
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
            content_type=request.content_type,
        )
    ]


def read_message(body: bytes) -> ReceivedMessage:
    data = fields.found(fields.journaled_json(body), "data")
    payload = fields.found(data, "payload")
    message_id = fields.text(payload, "id")
    sender = fields.as_sent(payload, "from", "phone_number")
    if message_id is None or sender is None:
        raise UnreadableEventError("The message has no id or no sender.")
    media = fields.items(payload, "media")
    return ReceivedMessage(
        provider_message_id=message_id,
        sender=kept_apart(sender, limit=MAX_SENDER),
        body=fields.text(payload, "text") or "",
        media=media_items((fields.text(each, "url"), fields.text(each, "content_type")) for each in media[:MAX_FILES]),
        signal=SIGNALS.get((fields.text(payload, "autoresponse_type") or "").lower()),
        provider_time=fields.time(payload, "received_at") or fields.time(data, "occurred_at"),
    )


def read_status(body: bytes) -> StatusReport:
    data = fields.found(fields.journaled_json(body), "data")
    report = status_report(fields.found(data, "payload"), at=fields.time(data, "occurred_at"))
    if report is None:
        raise UnreadableEventError("The event has no message id or no status.")
    return report
