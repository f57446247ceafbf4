"""Twilio's webhooks: their signature, the events in them, and what each event says.

Wire facts: Twilio's guide to webhook security and its reference of incoming messages and status callbacks.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit, urlunsplit

from api.kit.phone import MAX_SENDER
from api.kit.secrets import equal
from api.kit.text import kept_apart, made_storable
from api.kit.times import in_utc
from api.providers.form_fields import MAX_FIELDS, FormFields, form_fields
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
from api.providers.twilio.report import STATUSES, status_report

RECEIVED = frozenset({"received", "receiving"})
"""`SmsStatus` of a text to us."""

SIGNALS: Mapping[str, OptOutSignal] = MappingProxyType({signal.value: signal for signal in OptOutSignal})
"""`OptOutType`, sent with Advanced Opt-Out."""


def signature(auth_token: str, url: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Base64 HMAC-SHA1 over the URL and every parameter as name and value, sorted by name.

    The values of a repeated name are de-duplicated and sorted.
    """
    return _signature_over(auth_token, url, _signed_parameters(parameters))


def _signed_parameters(parameters: Sequence[tuple[str, str]]) -> str:
    fields = dict(parameters)
    if len(fields) == len(parameters):
        return "".join([name + fields[name] for name in sorted(fields)])
    values: dict[str, set[str]] = {}
    for name, value in parameters:
        values.setdefault(name, set()).add(value)
    return "".join([name + value for name in sorted(values) for value in sorted(values[name])])


def _signature_over(auth_token: str, url: str, parameters: str) -> str:
    digest = hmac.digest(auth_token.encode(), (url + parameters).encode("utf-8", "surrogateescape"), "sha1")
    return base64.b64encode(digest).decode()


@lru_cache(maxsize=128)
def _url_spellings(url: str) -> Sequence[str]:
    """The URL with and without its scheme's standard port: both are seen on the wire."""
    parts = urlsplit(url)
    standard = {"https": 443, "http": 80}.get(parts.scheme)
    if standard is None or parts.hostname is None:
        return [url]
    # The authority keeps its own spelling, capitals and all: it is what Twilio was told, and signs.
    other = f"{parts.netloc}:{standard}" if parts.port is None else parts.netloc.rpartition(":")[0]
    # Put together again, a URL has lost a question mark that nothing follows, as in Twilio's own SDK.
    return [urlunsplit(parts), urlunsplit(parts._replace(netloc=other))]


def _form(body: bytes) -> dict[str, str]:
    """The form's fields; the first of a repeated name. Raises `UnreadableEventError`."""
    try:
        # What is authentic is UTF-8, whatever its fields decode to.
        pairs = form_fields(body.decode("utf-8", "replace").encode())
    except ValueError as error:
        raise UnreadableEventError(f"The form cannot be read: {error}.") from None
    return _first_of_each(pairs)


def _kind(fields: Mapping[str, str], address: EventKind) -> EventKind:
    """What a webhook is by what it says, since Twilio posts to whichever address it was told.

    A report has a state of ours; a text may be `received`, and has words or files. What has neither is what comes to
    this address: reading it says what it lacks, and it is quarantined.
    """
    status = (fields.get("MessageStatus") or fields.get("SmsStatus") or "").lower()
    is_text = bool(fields.get("From")) and ("Body" in fields or "NumMedia" in fields)
    if status in RECEIVED:
        return EventKind.MESSAGE
    if status in STATUSES or (status and (fields.get("MessageStatus") or not is_text)):
        return EventKind.STATUS
    return EventKind.MESSAGE if is_text else address


def _first_of_each(pairs: FormFields) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def is_authentic(line: LineAccess, request: WebhookRequest) -> bool:
    given = request.headers.get("x-twilio-signature")
    if not given or not given.isascii():
        return False
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = content_type == "application/x-www-form-urlencoded"
    parameters = request.form if is_form else ()
    if parameters is None:
        return False
    if not is_form:
        try:
            request.body.decode()
        except UnicodeDecodeError:
            return False
        # A JSON body is covered by its hash in the query, which the signature over the URL covers.
        expected = parse_qs(urlsplit(request.url).query).get("bodySHA256", [None])[0]
        if expected is None and request.body:
            return False
        if expected is not None and not equal(hashlib.sha256(request.body).hexdigest(), expected):
            return False
    # While tokens are rotated, Twilio may sign with either of the two.
    tokens = [line.credentials["auth_token"], line.credentials.get("auth_token_secondary")]
    signed = _signed_parameters(parameters)
    return any(
        equal(_signature_over(token, url, signed), given)
        for token in tokens
        if token
        for url in _url_spellings(request.url)
    )


def split_webhook(request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
    content_type = made_storable(request.headers.get("content-type", ""))[:200]
    form = request.form or ()
    fields = _first_of_each(form) if len(form) <= MAX_FIELDS else {}
    sid = fields.get("MessageSid") or fields.get("SmsSid")
    if not sid:
        return [WebhookEvent.unreadable(request.body, content_type)]
    kind = _kind(fields, kind)
    sid = made_storable(sid)[:200]
    if kind is EventKind.MESSAGE:
        event_id, other = sid, fields.get("From")
    else:
        # A status callback has no id of its own: its content is what makes it one event.
        event_id = f"{sid}:{hashlib.sha256(request.body).hexdigest()[:32]}"
        other = fields.get("To")
    return [
        WebhookEvent(
            kind=kind,
            event_id=event_id,
            phone_number=made_storable(other)[:40] if other else None,
            body=request.body,
            content_type=content_type,
        )
    ]


def read_message(body: bytes) -> ReceivedMessage:
    fields = _form(body)
    sid = fields.get("MessageSid") or fields.get("SmsSid")
    sender = fields.get("From")
    if not sid or not sender:
        raise UnreadableEventError("The message has no MessageSid or no From.")
    try:
        count = int(fields.get("NumMedia") or 0)
    except ValueError:
        raise UnreadableEventError("NumMedia is not a number.") from None
    media = [
        MediaItem(url=made_storable(url), content_type=made_storable(content_type))
        for index in range(min(count, 10))
        if (url := fields.get(f"MediaUrl{index}"))
        and not is_layout(content_type := fields.get(f"MediaContentType{index}", "application/octet-stream"), url)
    ]
    return ReceivedMessage(
        provider_message_id=made_storable(sid),
        sender=kept_apart(sender, limit=MAX_SENDER),
        body=made_storable(fields.get("Body", "")),
        media=media,
        signal=SIGNALS.get(fields.get("OptOutType", "").lower()),
        provider_time=_date(fields.get("DateSent")),
    )


def read_status(body: bytes) -> StatusReport:
    fields = _form(body)
    sid = fields.get("MessageSid") or fields.get("SmsSid")
    status = fields.get("MessageStatus") or fields.get("SmsStatus")
    if not sid or not status:
        raise UnreadableEventError("The callback has no MessageSid or no MessageStatus.")
    return status_report(
        sid=made_storable(sid),
        status=made_storable(status).lower(),
        code=made_storable(fields["ErrorCode"]) if fields.get("ErrorCode") else None,
        message=made_storable(fields["ErrorMessage"]) if fields.get("ErrorMessage") else None,
        at=_raw_dlr_done(fields.get("RawDlrDoneDate")),
    )


def _raw_dlr_done(value: str | None) -> datetime | None:
    """`RawDlrDoneDate`: YYMMDDhhmm, UTC."""
    if not value:
        return None
    try:
        return datetime.strptime(value, "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None


def _date(value: str | None) -> datetime | None:
    """`DateSent` of a message from Twilio's list, RFC 2822; its webhooks carry no time."""
    if not value:
        return None
    try:
        return in_utc(parsedate_to_datetime(value))
    except ValueError:
        return None
