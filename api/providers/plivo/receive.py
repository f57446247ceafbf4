"""Plivo's webhooks: their signature, the event in them, and what it says.

Wire facts: Plivo's guides to signature validation, to incoming messages and to message status callbacks.
"""

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlparse, urlunparse

from api.kit.money import Money, read_money
from api.kit.phone import MAX_SENDER
from api.kit.secrets import equal
from api.kit.text import kept_apart
from api.providers import fields
from api.providers.plivo.errors import ERRORS
from api.providers.port import (
    EventKind,
    LineAccess,
    MessageStatus,
    OptOutSignal,
    ReceivedMessage,
    StatusReport,
    UnreadableEventError,
    WebhookEvent,
    WebhookRequest,
    id_by_content,
)
from api.providers.received_parts import MAX_FILES, media_items

SIGNATURE = "x-plivo-signature-v2"
NONCE = "x-plivo-signature-v2-nonce"

STATUSES: Mapping[str, MessageStatus] = MappingProxyType(
    {
        "queued": MessageStatus.SENT,
        "sent": MessageStatus.SENT,
        "delivered": MessageStatus.DELIVERED,
        "read": MessageStatus.DELIVERED,
        "undelivered": MessageStatus.UNDELIVERED,
        "failed": MessageStatus.FAILED,
        "rejected": MessageStatus.FAILED,
    }
)
"""Plivo's words for a message's state, and ours. Its `queued` is our `sent`: the provider has the message."""

SIGNALS: Mapping[str, OptOutSignal] = MappingProxyType(
    {"optout": OptOutSignal.STOP, "optin": OptOutSignal.START, "help": OptOutSignal.HELP}
)
"""`MessageIntent`: the list of keywords in which Plivo found the text."""

_PLAIN_NUMBER = re.compile(r"[1-9][0-9]{7,14}")
"""Plivo writes E.164 numbers without their plus. Fewer digits are a short code."""


def signature(auth_token: str, url: str, nonce: str) -> str:
    """Version 2: base64 HMAC-SHA256 over the address without its query, followed by the nonce. The body is unsigned."""
    parts = urlparse(url)
    base = urlunparse((parts.scheme, parts.netloc, parts.path, "", "", ""))
    signed = (base + nonce).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(auth_token.encode("utf-8", "surrogatepass"), signed, "sha256")).decode()


def is_authentic(line: LineAccess, request: WebhookRequest) -> bool:
    given, nonce = request.headers.get(SIGNATURE), request.headers.get(NONCE)
    if not given or nonce is None:
        return False
    try:
        # While tokens are rotated, Plivo may sign with either of the two. Both are always compared.
        tokens = [line.credentials["auth_token"], line.credentials.get("auth_token_secondary")]
        matches = [equal(signature(token, request.url, nonce), given) for token in tokens if token]
    except ValueError:
        return False
    return any(matches)


def split_webhook(request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
    form = fields.webhook_form(request)
    message_id = fields.text(form, "MessageUUID", limit=200)
    if message_id is None:
        return [WebhookEvent.unreadable(request.body, request.content_type)]
    kind = _kind(form, kind)
    is_message = kind is EventKind.MESSAGE
    other = fields.text(form, "From" if is_message else "To", limit=40)
    return [
        WebhookEvent(
            kind=kind,
            event_id=message_id if is_message else id_by_content(message_id, request.body),
            phone_number=with_plus(other) if other else None,
            body=request.body,
            content_type=request.content_type,
        )
    ]


def read_message(body: bytes) -> ReceivedMessage:
    form = fields.journaled_form(body)
    message_id, sender = fields.text(form, "MessageUUID"), fields.as_sent(form, "From")
    if message_id is None or sender is None:
        raise UnreadableEventError("The message has no MessageUUID or no From.")
    return ReceivedMessage(
        provider_message_id=message_id,
        sender=kept_apart(with_plus(sender), limit=MAX_SENDER),
        # `Text` of an SMS, `Body` of an MMS.
        body=fields.text(form, "Text") or fields.text(form, "Body") or "",
        # The guide counts from Media1; older webhooks count from Media0.
        media=media_items((form.get(f"Media{index}"), None) for index in range(MAX_FILES + 1)),
        signal=SIGNALS.get(form.get("MessageIntent", "").lower()),
        provider_time=None,
    )


def read_status(body: bytes) -> StatusReport:
    form = fields.journaled_form(body)
    message_id, status = fields.text(form, "MessageUUID"), fields.text(form, "Status", limit=100)
    if message_id is None or status is None:
        raise UnreadableEventError("The callback has no MessageUUID or no Status.")
    word = status.lower()
    return ERRORS.report(
        message_id,
        word,
        status=STATUSES.get(word),
        code=fields.text(form, "ErrorCode", limit=100),
        # Plivo's guide names no zone; its examples are UTC.
        at=fields.time(form, "DeliveryReportTime") or fields.time(form, "SentTime"),
        price=_price(form),
    )


CURRENCY = "USD"
"""Of `TotalAmount`: Plivo bills in US dollars, and its callbacks name no currency."""


def _price(form: Mapping[str, str]) -> Money | None:
    """What the message cost. Until Plivo has charged for it, the amount is 0."""
    named = read_money(form.get("TotalAmount"), CURRENCY)
    return named if named is not None and named.amount else None


def with_plus(number: str) -> str:
    return f"+{number}" if _PLAIN_NUMBER.fullmatch(number) else number


def _kind(form: Mapping[str, str], address: EventKind) -> EventKind:
    """A callback has a `Status`; a message has a sender, and words or files. The address decides the rest."""
    if form.get("Status"):
        return EventKind.STATUS
    is_text = bool(form.get("From")) and not form.keys().isdisjoint({"Text", "Body", "MediaCount"})
    return EventKind.MESSAGE if is_text else address
