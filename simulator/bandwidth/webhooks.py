"""Bandwidth's requests to a business: a JSON list of one event, with the account's own user and password."""

import base64
import json

from simulator.bandwidth.errors import DESCRIPTIONS, failure_of
from simulator.bandwidth.resources import Document, iso8601, message_document
from simulator.model import Message, Status
from simulator.wire import Occasion, Webhook

_STATUS_EVENTS = {
    Status.SENDING: ("message-sending", "Message is sending to carrier"),
    Status.DELIVERED: ("message-delivered", "Message delivered to carrier."),
    Status.UNDELIVERED: ("message-failed", ""),
}


def is_reported(message: Message) -> bool:
    """`message-sending` is of messages with pictures alone."""
    return message.status in _STATUS_EVENTS and (message.status is not Status.SENDING or bool(message.media))


def inbound_webhook(message: Message, occasion: Occasion) -> Webhook:
    event: Document = {"type": "message-received", "description": "Incoming message received"}
    return _callback(event, message, occasion, at=message.created_at)


def status_webhook(message: Message, status: str, occasion: Occasion) -> Webhook:
    event_type, description = _STATUS_EVENTS[Status(status)]
    event: Document = {"type": event_type, "description": description}
    failure = failure_of(message)
    if event_type == "message-failed" and failure is not None:
        event["description"] = DESCRIPTIONS.get(failure, "unknown-error")
        event["errorCode"] = failure
    return _callback(event, message, occasion, at=message.delivered_at or message.updated_at)


def _callback(event: Document, message: Message, occasion: Occasion, *, at: float) -> Webhook:
    document = {"time": iso8601(at), **event, "to": message.recipient, "message": message_document(message)}
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "BandwidthAPI/v2"}
    account = occasion.account
    if account.callback_username is not None:
        given = f"{account.callback_username}:{account.callback_password or ''}"
        headers["Authorization"] = f"Basic {base64.b64encode(given.encode()).decode()}"
    return Webhook(url=occasion.addresses[0], headers=headers, body=json.dumps([document]).encode())
