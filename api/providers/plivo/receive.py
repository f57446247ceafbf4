"""Plivo's webhooks: their signature, the event in them, and what it says.

Wire facts: Plivo's guides to signature validation, to incoming messages and to message status callbacks.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import urlparse, urlunparse

from api.kit.phone import MAX_SENDER
from api.kit.secrets import equal
from api.kit.text import kept_apart, made_storable
from api.kit.times import in_utc
from api.providers.form_fields import MAX_FIELDS, first_of_each, form_fields
from api.providers.plivo.errors import DELIVERED, OPTED_OUT, error_title
from api.providers.port import (
    EventKind,
    LineAccess,
    MediaItem,
    MessageStatus,
    OptOutSignal,
    ReceivedMessage,
    StatusReport,
    UnreadableEventError,
    WebhookEvent,
    WebhookRequest,
)
from api.providers.received_parts import is_layout, type_by_suffix

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
"""Plivo's words for a message's state, and ours. Its `queued` is our `sent`: the provider has it."""

SIGNALS: Mapping[str, OptOutSignal] = MappingProxyType(
    {"optout": OptOutSignal.STOP, "optin": OptOutSignal.START, "help": OptOutSignal.HELP}
)
"""`MessageIntent`: the list of keywords in which Plivo found the text."""

MAX_MEDIA = 10

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
    content_type = made_storable(request.headers.get("content-type", ""))[:200]
    form = request.form or ()
    fields = first_of_each(form) if len(form) <= MAX_FIELDS else {}
    message_id = made_storable(fields.get("MessageUUID", ""))[:200]
    if not message_id:
        return [WebhookEvent.unreadable(request.body, content_type)]
    kind = _kind(fields, kind)
    if kind is EventKind.MESSAGE:
        event_id, other = message_id, fields.get("From")
    else:
        # A callback has no id of its own: its content identifies it.
        event_id, other = f"{message_id}:{hashlib.sha256(request.body).hexdigest()[:32]}", fields.get("To")
    return [
        WebhookEvent(
            kind=kind,
            event_id=event_id,
            phone_number=made_storable(with_plus(other))[:40] if other else None,
            body=request.body,
            content_type=content_type,
        )
    ]


def read_message(body: bytes) -> ReceivedMessage:
    fields = _form(body)
    message_id, sender = fields.get("MessageUUID"), fields.get("From")
    if not message_id or not sender:
        raise UnreadableEventError("The message has no MessageUUID or no From.")
    # The guide counts from Media1; older webhooks count from Media0.
    urls = [url for index in range(MAX_MEDIA + 1) if (url := made_storable(fields.get(f"Media{index}", "")))]
    return ReceivedMessage(
        provider_message_id=made_storable(message_id),
        sender=kept_apart(with_plus(sender), limit=MAX_SENDER),
        # `Text` of an SMS, `Body` of an MMS.
        body=made_storable(fields.get("Text") or fields.get("Body") or ""),
        media=[MediaItem(url=url, content_type=type_by_suffix(url)) for url in urls if not is_layout("", url)][
            :MAX_MEDIA
        ],
        signal=SIGNALS.get(fields.get("MessageIntent", "").lower()),
        provider_time=None,
    )


def read_status(body: bytes) -> StatusReport:
    fields = _form(body)
    message_id, word = fields.get("MessageUUID"), made_storable(fields.get("Status", "")).lower()[:100]
    if not message_id or not word:
        raise UnreadableEventError("The callback has no MessageUUID or no Status.")
    code: str | None = made_storable(fields.get("ErrorCode", ""))[:100]
    if not code or code in DELIVERED:
        code = None
    return StatusReport(
        provider_message_id=made_storable(message_id),
        status=STATUSES.get(word),
        provider_status=word,
        error_code=code,
        error_title=error_title(code) if code else None,
        opted_out=code == OPTED_OUT,
        provider_time=_time(fields.get("DeliveryReportTime")) or _time(fields.get("SentTime")),
    )


def with_plus(number: str) -> str:
    return f"+{number}" if _PLAIN_NUMBER.fullmatch(number) else number


def _kind(fields: Mapping[str, str], address: EventKind) -> EventKind:
    """A callback has a `Status`; a message has a sender, and words or files. The address decides the rest."""
    if fields.get("Status"):
        return EventKind.STATUS
    is_text = bool(fields.get("From")) and not fields.keys().isdisjoint({"Text", "Body", "MediaCount"})
    return EventKind.MESSAGE if is_text else address


def _form(body: bytes) -> dict[str, str]:
    """Raises `UnreadableEventError`."""
    try:
        return first_of_each(form_fields(body.decode("utf-8", "replace").encode()))
    except ValueError as error:
        raise UnreadableEventError(f"The form cannot be read: {error}.") from None


def _time(value: str | None) -> datetime | None:
    """`YYYY-mm-dd HH:MM:SS[.ffffff]`. Plivo's guide names no zone; its examples are UTC."""
    try:
        read = datetime.fromisoformat(value) if value else None
    except ValueError:
        return None
    return None if read is None else read.replace(tzinfo=UTC) if read.tzinfo is None else in_utc(read)
