"""Twilio's webhooks: their signature, the events in them, and what each event says.

Wire facts: Twilio's guide to webhook security and its reference of incoming messages and status callbacks.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit, urlunsplit

from api.kit.phone import MAX_SENDER
from api.kit.secrets import equal
from api.kit.text import kept_apart
from api.providers import fields
from api.providers.http import http_date
from api.providers.port import (
    EventKind,
    LineAccess,
    OptOutSignal,
    ReceivedMessage,
    StatusReport,
    UnreadableEventError,
    WebhookEvent,
    WebhookRequest,
    id_by_content,
)
from api.providers.received_parts import MAX_FILES, media_items
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
    """The URL with and without its scheme's standard port: Twilio signs either."""
    parts = urlsplit(url)
    standard = {"https": 443, "http": 80}.get(parts.scheme)
    if standard is None or parts.hostname is None:
        return [url]
    # The authority keeps its spelling, capitals too: Twilio signs it as it was entered there.
    other = f"{parts.netloc}:{standard}" if parts.port is None else parts.netloc.rpartition(":")[0]
    # `urlunsplit` drops a question mark at the end, as Twilio's own SDK does.
    return [urlunsplit(parts), urlunsplit(parts._replace(netloc=other))]


def _kind(form: Mapping[str, str], address: EventKind) -> EventKind:
    """The content of a webhook decides its kind, since Twilio posts to whichever address it was told.

    A report has a state of a text of ours; a text may be `received`, and has words or files. A form with neither has
    the kind of its address: it cannot be read, and is quarantined.
    """
    status = (form.get("MessageStatus") or form.get("SmsStatus") or "").lower()
    is_text = bool(form.get("From")) and ("Body" in form or "NumMedia" in form)
    if status in RECEIVED:
        return EventKind.MESSAGE
    if status in STATUSES or (status and (form.get("MessageStatus") or not is_text)):
        return EventKind.STATUS
    return EventKind.MESSAGE if is_text else address


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
    form = fields.webhook_form(request)
    sid = _sid(form)
    if sid is None:
        return [WebhookEvent.unreadable(request.body, request.content_type)]
    sid, kind = sid[:200], _kind(form, kind)
    is_message = kind is EventKind.MESSAGE
    return [
        WebhookEvent(
            kind=kind,
            event_id=sid if is_message else id_by_content(sid, request.body),
            phone_number=fields.text(form, "From" if is_message else "To", limit=40),
            body=request.body,
            content_type=request.content_type,
        )
    ]


def read_message(body: bytes) -> ReceivedMessage:
    form = fields.journaled_form(body)
    sid, sender = _sid(form), fields.as_sent(form, "From")
    if sid is None or sender is None:
        raise UnreadableEventError("The message has no MessageSid or no From.")
    try:
        files = range(min(int(form.get("NumMedia") or 0), MAX_FILES))
    except ValueError:
        raise UnreadableEventError("NumMedia is not a number.") from None
    return ReceivedMessage(
        provider_message_id=sid,
        sender=kept_apart(sender, limit=MAX_SENDER),
        body=fields.text(form, "Body") or "",
        media=media_items((form.get(f"MediaUrl{n}"), form.get(f"MediaContentType{n}")) for n in files),
        signal=SIGNALS.get(form.get("OptOutType", "").lower()),
        # `DateSent` is in the list of messages (backfill). Webhooks carry no time.
        provider_time=http_date(form.get("DateSent")),
    )


def read_status(body: bytes) -> StatusReport:
    form = fields.journaled_form(body)
    sid, status = _sid(form), fields.text(form, "MessageStatus") or fields.text(form, "SmsStatus")
    if sid is None or status is None:
        raise UnreadableEventError("The callback has no MessageSid or no MessageStatus.")
    return status_report(
        sid,
        status,
        code=fields.text(form, "ErrorCode"),
        said=fields.text(form, "ErrorMessage"),
        at=_raw_dlr_done(form.get("RawDlrDoneDate", "")),
    )


def _sid(form: Mapping[str, str]) -> str | None:
    return fields.text(form, "MessageSid") or fields.text(form, "SmsSid")


def _raw_dlr_done(value: str) -> datetime | None:
    """`RawDlrDoneDate`: YYMMDDhhmm, UTC."""
    try:
        return datetime.strptime(value, "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None
