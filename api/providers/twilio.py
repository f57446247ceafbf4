"""Twilio: the Messages resource, its webhooks and their signature.

Wire facts: Twilio's API reference for Messages, its guide to webhook security, and its error dictionary.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

import httpx

from api.kit.phone import MAX_SENDER
from api.kit.secrets import equal
from api.kit.text import kept_apart, made_storable
from api.kit.times import in_utc
from api.providers import fields as json_fields
from api.providers.forms import MAX_FIELDS, FormFields, form_fields
from api.providers.http import CONNECTION_FAILURES, basic_credentials, classify_failure, json_object, not_processed
from api.providers.media import MediaSource, places
from api.providers.port import (
    Accepted,
    CannotTell,
    EventKind,
    Found,
    LineAccess,
    ListedMessage,
    MediaItem,
    MediaOutcome,
    MessageStatus,
    NotFoundAtProvider,
    OptOutSignal,
    OutcomeUnknown,
    OutgoingMessage,
    ProviderName,
    ProviderUnreachable,
    ReceivedMessage,
    ReconcileOutcome,
    Rejected,
    SendOutcome,
    StatusReport,
    UnknownMessage,
    UnreadableEventError,
    WebhookAddresses,
    WebhookAnswer,
    WebhookCheck,
    WebhookEvent,
    WebhookRequest,
    refused_destination,
)
from api.providers.received_parts import is_layout
from api.providers.twilio_check import ACCOUNT_SID, SERVICE_SID, TwilioCheck
from api.providers.twilio_errors import ERROR_TITLES, NEVER_PROCESSED, OPTED_OUT, error_title
from api.providers.twilio_received import TwilioReceived

STATUSES: Mapping[str, MessageStatus | None] = MappingProxyType(
    {
        "accepted": MessageStatus.SENT,
        "scheduled": MessageStatus.SENT,
        "queued": MessageStatus.SENT,
        "sending": MessageStatus.SENT,
        "sent": MessageStatus.SENT,
        "delivered": MessageStatus.DELIVERED,
        "read": MessageStatus.DELIVERED,
        "partially_delivered": MessageStatus.DELIVERED,
        "undelivered": MessageStatus.UNDELIVERED,
        "failed": MessageStatus.FAILED,
        "canceled": MessageStatus.FAILED,
    }
)
"""Twilio's words for a message's state, and ours. Its `queued` is our `sent`: the provider has it."""

RECEIVED = frozenset({"received", "receiving"})
"""`SmsStatus` of a text to us."""

SIGNALS: Mapping[str, OptOutSignal] = MappingProxyType({signal.value: signal for signal in OptOutSignal})
"""`OptOutType`, sent with Advanced Opt-Out."""

API_HOSTS = ("api.twilio.com",)
STORAGE_HOSTS = ("mms.twiliocdn.com", "media.twiliocdn.com", "s3-external-1.amazonaws.com")
"""Where `MediaUrl` leads with a 307: Twilio's help article on protecting media with HTTP Basic authentication."""


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


class TwilioProvider:
    """Twilio's wire protocol at `api_url`."""

    name = ProviderName.TWILIO
    answers_keywords = True
    credential_fields: Mapping[str, bool] = MappingProxyType(
        {"account_sid": True, "auth_token": True, "auth_token_secondary": False, "messaging_service_sid": False}
    )

    def __init__(self, client: httpx.AsyncClient, *, api_url: str, media_hosts: Sequence[str] = ()) -> None:
        self._client = client
        self._api_url = api_url
        storage = (*STORAGE_HOSTS, *media_hosts)
        self._media = MediaSource(client, places(api_url, api_hosts=API_HOSTS, storage_hosts=storage))

    # Setting up.

    def malformed_credentials(self, credentials: Mapping[str, str]) -> Mapping[str, str]:
        problems: dict[str, str] = {}
        if not re.fullmatch(ACCOUNT_SID, credentials["account_sid"]):
            problems["account_sid"] = "An account SID is AC and 32 digits or letters from a to f."
        if not re.fullmatch(SERVICE_SID, credentials.get("messaging_service_sid") or "MG" + "0" * 32):
            problems["messaging_service_sid"] = "A Messaging Service SID is MG and 32 digits or letters from a to f."
        return problems

    async def check_webhooks(self, line: LineAccess, expected: WebhookAddresses) -> WebhookCheck | ProviderUnreachable:
        return await TwilioCheck(self._client, api_url=self._api_url, line=line, expected=expected).check()

    # Receiving.

    def is_authentic(self, line: LineAccess, request: WebhookRequest) -> bool:
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

    def split_webhook(self, request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
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

    def webhook_answer(self) -> WebhookAnswer:
        # An empty TwiML document: a text/plain body would be texted to the sender.
        return WebhookAnswer(content_type="text/xml", body=b"<Response/>")

    def read_message(self, body: bytes) -> ReceivedMessage:
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

    def read_status(self, body: bytes) -> StatusReport:
        fields = _form(body)
        sid = fields.get("MessageSid") or fields.get("SmsSid")
        status = fields.get("MessageStatus") or fields.get("SmsStatus")
        if not sid or not status:
            raise UnreadableEventError("The callback has no MessageSid or no MessageStatus.")
        return _report(
            sid=made_storable(sid),
            status=made_storable(status).lower(),
            code=made_storable(fields["ErrorCode"]) if fields.get("ErrorCode") else None,
            message=made_storable(fields["ErrorMessage"]) if fields.get("ErrorMessage") else None,
            at=_raw_dlr_done(fields.get("RawDlrDoneDate")),
        )

    # Sending.

    async def send(self, line: LineAccess, message: OutgoingMessage) -> SendOutcome:
        if (refused := refused_destination(message)) is not None:
            return refused
        form: dict[str, Any] = {
            "To": message.to,
            "Body": message.body,
            "StatusCallback": message.status_callback_url,
        }
        service = line.credentials.get("messaging_service_sid")
        if service:
            form["MessagingServiceSid"] = service
        else:
            form["From"] = line.phone_number
        if message.media_urls:
            form["MediaUrl"] = list(message.media_urls)
        try:
            response = await self._client.post(self._messages_url(line), data=form, auth=_basic_auth(line))
        except CONNECTION_FAILURES as error:
            return classify_failure(error)
        return _outcome(response)

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        """Look for the message among the newest 200 to its number: this line's, from a minute before it was claimed.

        The list is not narrowed by `DateSent`: a message that Twilio has not sent yet has none. Equal texts whose
        outcomes are all unknown are told apart by their order, once Twilio has as many as there are (decision 0014).
        """
        since = min([message.claimed_at, *message.twins_claimed_at]) - timedelta(minutes=1)
        parameters = {"To": message.to, "PageSize": "200"}
        try:
            response = await self._client.get(self._messages_url(line), params=parameters, auth=_basic_auth(line))
        except CONNECTION_FAILURES as error:
            return CannotTell(f"The provider could not be asked ({type(error).__name__}).")
        if response.status_code != 200:
            return CannotTell(f"The provider answered {response.status_code} to the question.")
        try:
            # Newest first, as listed; so those of one second keep their order when it is turned round.
            candidates = sorted(
                [
                    each
                    for each in reversed(response.json()["messages"])
                    if each["body"] == message.body
                    and str(each.get("direction", "")).startswith("outbound")
                    and each["sid"] not in message.known_provider_ids
                    and _is_from(line, each)
                    and _created(each) >= since
                ],
                key=_created,
            )
            reports = [_listed_report(each) for each in candidates]
        except (ValueError, KeyError, TypeError, RecursionError):
            return CannotTell("The provider's answer could not be read.")
        if not reports:
            return NotFoundAtProvider()
        if len(reports) != 1 + len(message.twins_claimed_at) or message.claimed_at in message.twins_claimed_at:
            return CannotTell("The provider's list does not say which of the messages with this text it is.")
        return Found(reports[sum(each < message.claimed_at for each in message.twins_claimed_at)])

    async def fetch_media(self, line: LineAccess, url: str) -> MediaOutcome:
        account, token = line.credentials["account_sid"], line.credentials["auth_token"]
        return await self._media.fetch(url, credentials=basic_credentials(account, token))

    async def list_received(self, line: LineAccess, *, since: datetime) -> Sequence[ListedMessage] | CannotTell:
        return await self._received(line).listed(self._messages_url(line), since=since)

    async def received_event(self, line: LineAccess, listed: ListedMessage) -> WebhookEvent | CannotTell:
        return await self._received(line).event(self._messages_url(line), listed)

    def _received(self, line: LineAccess) -> TwilioReceived:
        return TwilioReceived(self._client, api_url=self._api_url, line=line)

    def _messages_url(self, line: LineAccess) -> str:
        account = quote(line.credentials["account_sid"], safe="")
        return f"{self._api_url}/2010-04-01/Accounts/{account}/Messages.json"


def _basic_auth(line: LineAccess) -> httpx.BasicAuth:
    return httpx.BasicAuth(line.credentials["account_sid"], line.credentials["auth_token"])


def _is_from(line: LineAccess, listed: Mapping[str, Any]) -> bool:
    """Whether a listed message left by this line: other lines of the account may have texted the same number."""
    service = line.credentials.get("messaging_service_sid")
    if service:
        return bool(listed.get("messaging_service_sid") == service)
    return bool(listed.get("from") == line.phone_number)


def _listed_report(listed: Mapping[str, Any]) -> StatusReport:
    """Raises KeyError for a message without id or status."""
    code, message = listed.get("error_code"), listed.get("error_message")
    return _report(
        sid=made_storable(str(listed["sid"])),
        status=made_storable(str(listed["status"])).lower(),
        code=made_storable(str(code)) if code else None,
        message=made_storable(str(message)) if message else None,
        at=None,
    )


def _report(*, sid: str, status: str, code: str | None, message: str | None, at: datetime | None) -> StatusReport:
    if code == "0":
        code = None
    return StatusReport(
        provider_message_id=sid,
        status=STATUSES.get(status),
        provider_status=status,
        error_code=code,
        error_title=error_title(code, message) if code else None,
        opted_out=code == OPTED_OUT,
        provider_time=at,
    )


def _outcome(response: httpx.Response) -> SendOutcome:
    """What Twilio's answer to a send means. An ambiguous answer is unknown: it has no idempotency key."""
    payload = json_object(response)
    if response.status_code == 201 or response.status_code == 200:
        sid = payload.get("sid")
        if not isinstance(sid, str) or not sid:
            return OutcomeUnknown("The provider accepted it without saying under which id.")
        status = STATUSES.get(str(payload.get("status", "queued")).lower())
        report = _report(
            sid=made_storable(sid),
            status="",
            code=json_fields.text(payload, "error_code", limit=100),
            message=json_fields.text(payload, "error_message"),
            at=None,
        )
        return Accepted.carrying(
            report.provider_message_id,
            status or MessageStatus.SENT,
            code=report.error_code,
            title=report.error_title,
            opted_out=report.opted_out,
        )
    code = made_storable(str(payload.get("code") or response.status_code))
    if response.status_code == 429 or code in NEVER_PROCESSED:
        return not_processed(response, code=code, title=ERROR_TITLES.get(code))
    if 400 <= response.status_code < 500 and response.status_code != 408:
        message = payload.get("message")
        return Rejected(
            code=code,
            title=error_title(code, made_storable(message) if isinstance(message, str) else None),
            opted_out=code == OPTED_OUT,
        )
    return OutcomeUnknown(f"The provider answered {response.status_code}.")


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


def _created(message: Mapping[str, Any]) -> datetime:
    """Raises KeyError without a date, and ValueError for one that is not RFC 2822."""
    return parsedate_to_datetime(str(message["date_created"]))
