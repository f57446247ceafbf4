"""Plivo's requests to a business: a form, signed with the account's auth token (version 2)."""

import base64
import hmac
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlencode, urlparse, urlunparse

from simulator.model import Message, Status
from simulator.plivo.resources import failure_of, plain, state_of
from simulator.wire import Occasion, Webhook

_REPORTED = frozenset({Status.QUEUED, Status.SENT, Status.DELIVERED, Status.UNDELIVERED})

_PRICE_A_SEGMENT = "0.00550"


def is_reported(message: Message) -> bool:
    return message.status in _REPORTED


def inbound_webhook(message: Message, occasion: Occasion) -> Webhook:
    fields = {
        **_common(message),
        "TotalRate": "0",
        "TotalAmount": "0",
        "PowerpackUUID": "",
        "MessageIntent": "",
    }
    if message.media:
        fields |= {"Body": message.body, "MediaCount": str(len(message.media))}
        fields |= {f"Media{number}": media.url for number, media in enumerate(message.media, start=1)}
    else:
        fields["Text"] = message.body
    return _signed(fields, occasion)


def status_webhook(message: Message, status: str, occasion: Occasion) -> Webhook:
    fields = {
        **_common(message),
        "Status": state_of(message, Status(status)),
        "ParentMessageUUID": message.sid,
        "PartInfo": "1 of 1",
        "TotalRate": _PRICE_A_SEGMENT,
        "TotalAmount": str(Decimal(_PRICE_A_SEGMENT) * message.segments if message.sent_at is not None else 0),
        "MessageTime": _time(message.created_at),
        "SentTime": _time(message.sent_at),
        "DeliveryReportTime": _time(message.delivered_at),
    }
    failure = failure_of(message)
    if status == Status.UNDELIVERED and failure is not None:
        fields["ErrorCode"] = str(failure)
    return _signed(fields, occasion)


def _common(message: Message) -> dict[str, str]:
    return {
        "MessageUUID": message.sid,
        "From": plain(message.sender),
        "To": plain(message.recipient),
        "Type": "mms" if message.media else "sms",
        "Units": str(message.segments),
    }


def _time(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _signed(fields: dict[str, str], occasion: Occasion) -> Webhook:
    """The nonce stays the same over attempts; Plivo's SDK only verifies, so the signature is made here."""
    url = occasion.addresses[0]
    parts = urlparse(url)
    base = urlunparse((parts.scheme, parts.netloc, parts.path, "", "", ""))
    nonce = occasion.token.replace("-", "")
    digest = hmac.digest(occasion.account.auth_token.encode(), (base + nonce).encode(), "sha256")
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "plivo",
        "X-Plivo-Signature-V2": base64.b64encode(digest).decode(),
        "X-Plivo-Signature-V2-Nonce": nonce,
    }
    return Webhook(url=url, headers=headers, body=urlencode(fields).encode())
