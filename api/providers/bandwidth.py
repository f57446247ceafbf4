"""Bandwidth: its Messages resource, its webhooks and the credentials that they carry.

Wire facts: Bandwidth's API reference for messaging, its guides to webhooks and rate limits, and its list of
messaging errors.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from api.kit.phone import MAX_SENDER
from api.kit.secrets import equal
from api.kit.text import kept_apart, made_storable
from api.providers import fields
from api.providers.bandwidth_access import BandwidthAccess, TokenRefused, TokenUnavailable, pair_problems
from api.providers.bandwidth_errors import ERROR_TITLES, NEVER_PROCESSED, NO_RECEIPT, OPTED_OUT, error_title
from api.providers.checking import accepted, ask, cannot_tell, refused, refused_credentials
from api.providers.http import CONNECTION_FAILURES, classify_failure, json_object, not_processed
from api.providers.media import MediaSource, places
from api.providers.port import (
    Accepted,
    CannotTell,
    EventKind,
    LineAccess,
    MediaItem,
    MediaOutcome,
    MediaUnavailable,
    MessageStatus,
    NotProcessed,
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
from api.providers.received_parts import is_layout, suffix

RECEIVED = "message-received"

STATUSES: Mapping[str, MessageStatus] = MappingProxyType(
    {
        "message-sending": MessageStatus.SENT,
        "message-sent": MessageStatus.SENT,
        "message-delivered": MessageStatus.DELIVERED,
        "message-read": MessageStatus.DELIVERED,
        "message-failed": MessageStatus.FAILED,
    }
)
"""The types of events that report on a text of ours, and the state that each tells."""

RECORD_STATUSES: Mapping[str, MessageStatus] = MappingProxyType(
    {
        "FAILED": MessageStatus.FAILED,
        "UNDELIVERED": MessageStatus.UNDELIVERED,
        "REJECTED": MessageStatus.FAILED,
    }
)
"""`messageStatus` of Bandwidth's records, where it is a failure."""

MAX_EVENTS = 1000
"""Of one webhook: more than fit into one as large as is taken. What has more is kept whole as one unreadable event."""

_SPACE = re.compile(r"[ \t\r\n]*")

CONTENT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "png": "image/png",
        "gif": "image/gif",
        "webp": "image/webp",
        "heic": "image/heic",
        "mp4": "video/mp4",
        "3gp": "video/3gpp",
        "mov": "video/quicktime",
        "mp3": "audio/mpeg",
        "amr": "audio/amr",
        "m4a": "audio/mp4",
        "pdf": "application/pdf",
        "vcf": "text/vcard",
        "txt": "text/plain",
    }
)
"""Bandwidth names media by address alone."""

API_HOSTS = ("messaging.bandwidth.com",)
"""Where Bandwidth's files are, behind the account's credentials: its guide to media."""


class BandwidthProvider:
    """Bandwidth's wire protocol at `api_url`; `token_url` is where API credentials are exchanged for a token."""

    name = ProviderName.BANDWIDTH
    answers_keywords = False
    credential_fields: Mapping[str, bool] = MappingProxyType(
        {
            "account_id": True,
            "application_id": True,
            # Either of two pairs: `pair_problems`.
            "client_id": False,
            "client_secret": False,
            "username": False,
            "password": False,
            "callback_username": True,
            "callback_password": True,
            # While they are rotated. Without a user name it is the other's.
            "callback_username_secondary": False,
            "callback_password_secondary": False,
        }
    )

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        api_url: str,
        token_url: str,
        media_hosts: Sequence[str] = (),
    ) -> None:
        self._client = client
        self._api_url = api_url
        self._access = BandwidthAccess(client, token_url=token_url)
        self._media = MediaSource(client, places(api_url, api_hosts=API_HOSTS, storage_hosts=media_hosts))

    # Setting up.

    def malformed_credentials(self, credentials: Mapping[str, str]) -> Mapping[str, str]:
        problems = dict(pair_problems(credentials))
        if not (credentials["account_id"].isascii() and credentials["account_id"].isdigit()):
            problems["account_id"] = "An account ID is a number."
        if not fields.is_uuid(credentials["application_id"]):
            problems["application_id"] = "An application ID looks like 93de2206-9669-4e07-948d-329f4b722ee2."
        if "callback_username_secondary" in credentials and "callback_password_secondary" not in credentials:
            problems["callback_password_secondary"] = "A second user name needs its password."  # noqa: S105
        for name, noun in (
            ("client_id", "client ID"),
            ("username", "user name"),
            ("callback_username", "user name"),
            ("callback_username_secondary", "user name"),
        ):
            # Basic authentication ends the name at the first colon (RFC 7617).
            if ":" in credentials.get(name, ""):
                problems.setdefault(name, f"A {noun} has no colon in it.")
        return problems

    async def check_webhooks(self, line: LineAccess, expected: WebhookAddresses) -> WebhookCheck | ProviderUnreachable:
        """Only the credentials can be checked, by looking at the newest text from the line's number.

        An application's callback addresses are kept in Bandwidth's account interface, elsewhere and for users with
        another role than messaging.
        """

        async def request(authorization: str) -> httpx.Response | ProviderUnreachable:
            return await ask(
                self._client,
                self._messages_url(line),
                params={"sourceTn": line.phone_number, "limit": "1"},
                headers={"Authorization": authorization},
            )

        answer = await self._access.ask(line.credentials, request, is_unauthorized=_is_unauthorized)
        match answer:
            case TokenRefused():
                return refused_credentials()
            case TokenUnavailable():
                return ProviderUnreachable(answer.detail)
            case ProviderUnreachable():
                return answer
        if answer.status_code != 200:
            return refused(answer)
        where = "Open this line's application in the Bandwidth App and compare its"
        why = "Bandwidth does not say this to a messaging user."
        return accepted(
            cannot_tell(f"{why} {where} callback URL for inbound messages."),
            cannot_tell(f"{why} {where} status callback URL."),
        )

    # Receiving.

    def is_authentic(self, line: LineAccess, request: WebhookRequest) -> bool:
        """HTTP Basic is all that Bandwidth offers: name and password are compared together, in constant time."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        shown = given.strip(" ").encode("utf-8", "replace")
        credentials = line.credentials
        username, password = credentials["callback_username"], credentials["callback_password"]
        pairs = [_basic(username, password)]
        if second := credentials.get("callback_password_secondary"):
            pairs.append(_basic(credentials.get("callback_username_secondary") or username, second))
        # Every pair is compared, so that the time does not say which of them is right.
        matches = [equal(shown, pair) for pair in pairs]
        return any(matches) and scheme.lower() == "basic"

    def split_webhook(self, request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
        content_type = made_storable(request.headers.get("content-type", ""))[:200]
        try:
            elements = _elements(request.body)
        except ValueError:
            return [WebhookEvent.unreadable(request.body, content_type)]
        events = (_event(element, raw, content_type) for element, raw in elements)
        return [event for event in events if event is not None]

    def webhook_answer(self) -> WebhookAnswer:
        return WebhookAnswer(content_type="application/json", body=b"{}")

    def read_message(self, body: bytes) -> ReceivedMessage:
        event = _parsed(body)
        message_id = fields.text(event, "message", "id")
        sender = fields.as_sent(event, "message", "from")
        if message_id is None or sender is None:
            raise UnreadableEventError("The message has no id or no sender.")
        urls = [url for each in fields.items(event, "message", "media") if (url := fields.text(each))]
        return ReceivedMessage(
            provider_message_id=message_id,
            sender=kept_apart(sender, limit=MAX_SENDER),
            body=fields.text(event, "message", "text") or "",
            media=[
                MediaItem(url=url, content_type=CONTENT_TYPES.get(suffix(url), "application/octet-stream"))
                for url in urls
                if not is_layout("", url)
            ][:10],
            signal=None,
            provider_time=fields.time(event, "message", "time") or fields.time(event, "time"),
        )

    def read_status(self, body: bytes) -> StatusReport:
        event = _parsed(body)
        message_id = fields.text(event, "message", "id")
        word = fields.text(event, "type", limit=100)
        if message_id is None or word is None:
            raise UnreadableEventError("The event has no message id or no type.")
        code = fields.text(event, "errorCode", limit=100)
        if code == "0":
            code = None
        return StatusReport(
            provider_message_id=message_id,
            status=MessageStatus.SENT if code == NO_RECEIPT else STATUSES.get(word),
            provider_status=word,
            error_code=code,
            error_title=error_title(code, fields.text(event, "description")) if code else None,
            opted_out=code == OPTED_OUT,
            provider_time=fields.time(event, "time"),
        )

    # Sending.

    async def send(self, line: LineAccess, message: OutgoingMessage) -> SendOutcome:
        if (refused := refused_destination(message)) is not None:
            return refused
        request: dict[str, Any] = {
            "applicationId": line.credentials["application_id"],
            "from": line.phone_number,
            "to": [message.to],
            "tag": str(message.message_id),
        }
        if message.body:
            request["text"] = message.body
        if message.media_urls:
            request["media"] = list(message.media_urls)

        async def post(authorization: str) -> httpx.Response:
            return await self._client.post(
                self._messages_url(line),
                content=json.dumps(request).encode(),
                headers={"Authorization": authorization, "Content-Type": "application/json; charset=utf-8"},
            )

        try:
            answer = await self._access.ask(line.credentials, post, is_unauthorized=_is_unauthorized)
        except CONNECTION_FAILURES as error:
            return classify_failure(error)
        match answer:
            case TokenRefused():
                return Rejected(code="unauthorized", title=error_title("unauthorized"))
            case TokenUnavailable():
                return NotProcessed(answer.detail, retry_after_seconds=answer.retry_after_seconds)
        return _outcome(answer)

    async def fetch_media(self, line: LineAccess, url: str) -> MediaOutcome:
        async def fetch(authorization: str) -> MediaOutcome:
            return await self._media.fetch(url, credentials={b"Authorization": authorization.encode()})

        answer = await self._access.ask(
            line.credentials,
            fetch,
            is_unauthorized=lambda outcome: isinstance(outcome, MediaUnavailable) and outcome.is_unauthorized,
        )
        match answer:
            case TokenRefused():
                return MediaUnavailable(error_title("unauthorized"), is_unauthorized=True)
            case TokenUnavailable():
                return MediaUnavailable(answer.detail)
        return answer

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        """Bandwidth's own records hold neither text nor tag, so none of them can be told to be this message.

        What resolves it is a callback: each carries the tag, and is repeated for 24 hours until it is taken.
        """
        return CannotTell("The provider's records do not say which message is which; its callbacks do.")

    def _messages_url(self, line: LineAccess) -> str:
        return f"{self._api_url}/api/v2/users/{quote(line.credentials['account_id'], safe='')}/messages"


def _is_unauthorized(answer: httpx.Response | ProviderUnreachable) -> bool:
    return isinstance(answer, httpx.Response) and answer.status_code == 401


def _basic(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def _elements(body: bytes) -> list[tuple[object, bytes]]:
    """Each element of the array, read and as it came.

    Raises `ValueError` for anything but an array of JSON, and for one of more elements than `MAX_EVENTS`.
    """
    whole = fields.checked(body)
    elements: list[tuple[object, bytes]] = []
    at = _after(whole, 0, "[")
    if whole[at : at + 1] == "]":
        end = at + 1
    else:
        while True:
            if len(elements) == MAX_EVENTS:
                raise ValueError("it has too many elements")
            element, end = fields.element(whole, at)
            elements.append((element, whole[at:end].encode()))
            end = _past_space(whole, end)
            if whole[end : end + 1] == "]":
                end += 1
                break
            at = _after(whole, end, ",")
    if _past_space(whole, end) != len(whole):
        raise ValueError("something follows the array")
    return elements


def _past_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _after(text: str, at: int, mark: str) -> int:
    """The place after a mark and the space around it. Raises `ValueError` where it is not there."""
    at = _past_space(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(f"it has no {mark} where there should be one")
    return _past_space(text, at + 1)


def _event(element: object, raw: bytes, content_type: str) -> WebhookEvent | None:
    """What is journaled of one element. None for the echo of a text of ours: taken for an arrival, it would be
    answered."""
    word = fields.text(element, "type")
    message_id = fields.text(element, "message", "id", limit=200)
    if message_id is None or word is None:
        return WebhookEvent.unreadable(raw, content_type)
    if word == RECEIVED:
        direction = fields.text(element, "message", "direction")
        if direction == "out":
            return None
        if direction != "in":
            return WebhookEvent.unreadable(raw, content_type)
        return WebhookEvent(
            kind=EventKind.MESSAGE,
            event_id=message_id,
            phone_number=fields.text(element, "message", "from", limit=40),
            body=raw,
            content_type=content_type,
        )
    if word not in STATUSES:
        return WebhookEvent.unreadable(raw, content_type)
    return WebhookEvent(
        kind=EventKind.STATUS,
        # An event has no id of its own: its content is what makes it one event.
        event_id=f"{message_id}:{hashlib.sha256(raw).hexdigest()[:32]}",
        phone_number=fields.text(element, "to", limit=40),
        body=raw,
        content_type=content_type,
        message_ref=_uuid(fields.text(element, "message", "tag")),
    )


def _parsed(body: bytes) -> object:
    """Raises `UnreadableEventError`."""
    try:
        return fields.parsed(body)
    except ValueError as error:
        raise UnreadableEventError(f"The event cannot be read: {error}.") from None


def _failure_in(record: object) -> StatusReport:
    """What Bandwidth's record of a message says of a failure. Its answer to a send has neither field today; its
    records of sent messages do."""
    code = fields.text(record, "errorCode", limit=100)
    if code in {"0", NO_RECEIPT}:
        code = None
    status = RECORD_STATUSES.get((fields.text(record, "messageStatus") or "").upper())
    return StatusReport(
        provider_message_id="",
        status=MessageStatus.FAILED if code and status is None else status,
        provider_status="",
        error_code=code,
        error_title=error_title(code, fields.text(record, "description")) if code else None,
        opted_out=code == OPTED_OUT,
        provider_time=None,
    )


def _uuid(tag: str | None) -> UUID | None:
    try:
        return UUID(tag) if tag else None
    except ValueError:
        return None


def _outcome(response: httpx.Response) -> SendOutcome:
    """What Bandwidth's answer to a send means. An ambiguous answer is unknown: it has no idempotency key."""
    payload = json_object(response)
    if 200 <= response.status_code < 300:
        message_id = fields.text(payload, "id")
        if message_id is None:
            return OutcomeUnknown("The provider accepted it without saying under which id.")
        report = _failure_in(payload)
        return Accepted.carrying(
            message_id,
            report.status or MessageStatus.SENT,
            code=report.error_code,
            title=report.error_title,
            opted_out=report.opted_out,
        )
    code = fields.text(payload, "type", limit=100) or str(response.status_code)
    if response.status_code == 429 or code.lower() in NEVER_PROCESSED:
        return not_processed(response, code=code, title=ERROR_TITLES.get(code.lower()))
    if 400 <= response.status_code < 500 and response.status_code != 408:
        words = fields.text(payload, "fieldErrors", 0, "description") or fields.text(payload, "description")
        return Rejected(code=code, title=error_title(code, words), opted_out=code == OPTED_OUT)
    return OutcomeUnknown(f"The provider answered {response.status_code}.")
