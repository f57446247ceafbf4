"""Telnyx's requests to a business, signed with the account's Ed25519 key."""

import base64
import json
import uuid

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simulator.model import Account, Message, Status
from simulator.telnyx.resources import Document, iso8601, message_document
from simulator.wire import Occasion, Webhook

TRIES_EACH = 3
"""How often each of its addresses is tried."""

_EVENTS = uuid.UUID("6f1b8a5e-6d0f-4c33-9a55-2a3a6c1e9d70")
_STATUS_EVENTS = {Status.SENT: "sent", Status.DELIVERED: "finalized", Status.UNDELIVERED: "finalized"}


def is_reported(message: Message) -> bool:
    return message.status in _STATUS_EVENTS


def inbound_webhook(message: Message, occasion: Occasion) -> Webhook:
    return _event("message.received", message, message_document(message), occasion, at=message.created_at)


def status_webhook(message: Message, status: str, occasion: Occasion) -> Webhook:
    reported = Status(status)
    at = message.sent_at if reported is Status.SENT else message.delivered_at
    payload = message_document(message, status=reported)
    return _event(f"message.{_STATUS_EVENTS[reported]}", message, payload, occasion, at=at)


def _event(event_type: str, message: Message, payload: Document, occasion: Occasion, *, at: float | None) -> Webhook:
    url = occasion.address(tries_each=TRIES_EACH)
    document = {
        "data": {
            "record_type": "event",
            "event_type": event_type,
            # The same however often it is reported.
            "id": str(uuid.uuid5(_EVENTS, f"{message.sid} {event_type}")),
            "occurred_at": iso8601(at),
            "payload": payload,
        },
        "meta": {"attempt": occasion.attempt, "delivered_to": url},
    }
    body = json.dumps(document).encode()
    timestamp = str(int(occasion.at))
    signature = _key(occasion.account).sign(timestamp.encode() + b"|" + body)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "telnyx-webhooks",
        "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
        "telnyx-timestamp": timestamp,
    }
    return Webhook(url=url, headers=headers, body=body, addresses=len(occasion.addresses))


def public_key(account: Account) -> str:
    """As Telnyx's portal shows it: 32 bytes in base64."""
    return base64.b64encode(_key(account).public_key().public_bytes_raw()).decode()


def _key(account: Account) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(account.signing_key))
