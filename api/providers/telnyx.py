"""Telnyx: its Messages resource, its webhooks and their signature.

Wire facts: Telnyx's API reference for messaging, its guides to receiving webhooks, to opting in and out and to
idempotency, and its list of messaging errors.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.kit.phone import MAX_SENDER
from api.kit.text import kept_apart, made_storable
from api.providers import fields
from api.providers.http import CONNECTION_FAILURES, classify_failure, json_object, not_processed
from api.providers.media import MediaSource, places
from api.providers.port import (
    Accepted,
    CannotTell,
    EventKind,
    Found,
    LineAccess,
    MediaItem,
    MediaOutcome,
    MessageStatus,
    NotProcessed,
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
from api.providers.telnyx_check import TelnyxCheck, is_public_key
from api.providers.telnyx_errors import ERROR_TITLES, NEVER_PROCESSED, OPTED_OUT, error_title

SIGNATURE = "telnyx-signature-ed25519"
TIMESTAMP = "telnyx-timestamp"

STORAGE_DOMAINS = ("telnyx.com", "telnyxcloudstorage.com", "telnyxstorage.com")
"""`media.telnyx.com` in Telnyx's guide to sending and receiving MMS; its Cloud Storage's regional endpoints."""

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
"""What an event is, whichever of our two addresses it came to: a profile has one address for everything."""

STATUSES: Mapping[str, MessageStatus] = MappingProxyType(
    {
        "queued": MessageStatus.SENT,
        "sending": MessageStatus.SENT,
        "sent": MessageStatus.SENT,
        "delivery_unconfirmed": MessageStatus.SENT,
        "delivered": MessageStatus.DELIVERED,
        "read": MessageStatus.DELIVERED,
        "delivery_failed": MessageStatus.UNDELIVERED,
        "expired": MessageStatus.UNDELIVERED,
        "sending_failed": MessageStatus.FAILED,
    }
)
"""Telnyx's words for a message's state, and ours. Without a receipt from the carrier it stays `sent`."""

SIGNALS: Mapping[str, OptOutSignal] = MappingProxyType({signal.value: signal for signal in OptOutSignal})
"""`autoresponse_type`: which of its keyword lists, the profile's own words among them, the text was found in."""

MAX_ERRORS = 20
"""Errors of one answer or event that are looked at."""

_TELLS_NOTHING_OF_THE_FIRST = frozenset({401, 403, 404, 409, 422})
"""Refusals of the repetition itself: credentials that changed, the first still under way, another body."""


class TelnyxProvider:
    """Telnyx's wire protocol at `api_url`. `clock` tells seconds since the epoch."""

    name = ProviderName.TELNYX
    answers_keywords = True
    credential_fields: Mapping[str, bool] = MappingProxyType(
        {"api_key": True, "public_key": True, "public_key_secondary": False, "messaging_profile_id": False}
    )

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        api_url: str,
        media_hosts: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._api_url = api_url
        self._clock = clock
        self._media = MediaSource(client, places(api_url, storage_hosts=media_hosts, storage_domains=STORAGE_DOMAINS))

    # Setting up.

    def malformed_credentials(self, credentials: Mapping[str, str]) -> Mapping[str, str]:
        problems: dict[str, str] = {}
        for name in PUBLIC_KEYS:
            if name in credentials and not is_public_key(credentials[name]):
                problems[name] = "A public key is 44 characters of base64 (32 bytes), ending in =."
        profile = credentials.get("messaging_profile_id")
        if profile is not None and not fields.is_uuid(profile):
            problems["messaging_profile_id"] = (
                "A messaging profile's ID looks like 40017c1f-0000-4000-8000-000000000001."
            )
        return problems

    async def check_webhooks(self, line: LineAccess, expected: WebhookAddresses) -> WebhookCheck | ProviderUnreachable:
        return await TelnyxCheck(self._client, api_url=self._api_url, line=line, expected=expected).check()

    # Receiving.

    def is_authentic(self, line: LineAccess, request: WebhookRequest) -> bool:
        timestamp = request.headers.get(TIMESTAMP, "")
        try:
            if abs(int(self._clock()) - int(timestamp)) > TOLERANCE_SECONDS:
                return False
            signature = base64.b64decode(request.headers.get(SIGNATURE, ""))
            signed = f"{timestamp}|{request.body.decode()}".encode()
        except ValueError:
            return False
        # While keys are rotated, Telnyx may sign with either of the two.
        keys = [key for name in PUBLIC_KEYS if (key := line.credentials.get(name))]
        return any(_verifies(key, signature, signed) for key in keys)

    def split_webhook(self, request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
        content_type = made_storable(request.headers.get("content-type", ""))[:200]
        unreadable = WebhookEvent.unreadable(request.body, content_type)
        try:
            data = fields.found(fields.parsed(request.body), "data")
        except ValueError:
            return [unreadable]
        if fields.found(data, "time_clicked") is not None:
            # Somebody followed a link that the profile has shortened: read, understood, and nothing of ours.
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
                content_type=content_type,
            )
        ]

    def webhook_answer(self) -> WebhookAnswer:
        return WebhookAnswer(content_type="application/json", body=b"{}")

    def read_message(self, body: bytes) -> ReceivedMessage:
        data = _event(body)
        payload = fields.found(data, "payload")
        message_id = fields.text(payload, "id")
        sender = fields.as_sent(payload, "from", "phone_number")
        if message_id is None or sender is None:
            raise UnreadableEventError("The message has no id or no sender.")
        return ReceivedMessage(
            provider_message_id=message_id,
            sender=kept_apart(sender, limit=MAX_SENDER),
            body=fields.text(payload, "text") or "",
            media=[
                MediaItem(url=url, content_type=fields.text(each, "content_type") or "application/octet-stream")
                for each in fields.items(payload, "media")[:10]
                if (url := fields.text(each, "url")) and not is_layout(fields.text(each, "content_type") or "", url)
            ],
            signal=SIGNALS.get((fields.text(payload, "autoresponse_type") or "").lower()),
            provider_time=fields.time(payload, "received_at") or fields.time(data, "occurred_at"),
        )

    def read_status(self, body: bytes) -> StatusReport:
        data = _event(body)
        report = _report(fields.found(data, "payload"), at=data)
        if report is None:
            raise UnreadableEventError("The event has no message id or no status.")
        return report

    # Sending.

    async def send(self, line: LineAccess, message: OutgoingMessage) -> SendOutcome:
        if (refused := refused_destination(message)) is not None:
            return refused
        try:
            response = await self._post(line, message)
        except CONNECTION_FAILURES as error:
            return classify_failure(error)
        return _outcome(response)

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        """Hand it over again under its key. Telnyx replays its success, or does now what it never did.

        A refusal says that there was no success: it would have been replayed.
        """
        if message.repeat is None or refused_destination(message.repeat) is not None:
            return CannotTell("It may not be handed over again, and the provider cannot be asked without its id.")
        try:
            response = await self._post(line, message.repeat)
        except CONNECTION_FAILURES as error:
            return CannotTell(f"The provider could not be asked ({type(error).__name__}).")
        match _outcome(response):
            case Accepted(provider_message_id=message_id):
                report = _report(json_object(response).get("data"), at=None)
                return Found(report) if report is not None else CannotTell(f"It has {message_id}, and no status.")
            case Rejected() if response.status_code in _TELLS_NOTHING_OF_THE_FIRST:
                return CannotTell(f"The provider answered {response.status_code} to the repetition.")
            case Rejected() as rejected:
                return rejected
            case NotProcessed(detail=detail) | OutcomeUnknown(detail=detail):
                return CannotTell(detail)

    async def fetch_media(self, line: LineAccess, url: str) -> MediaOutcome:
        """The address itself is the permission: it is signed, and holds for a short time."""
        return await self._media.fetch(url)

    async def _post(self, line: LineAccess, message: OutgoingMessage) -> httpx.Response:
        return await self._client.post(
            f"{self._api_url}/v2/messages",
            content=_request_body(line, message),
            headers={
                # Bytes, since a header given as text may only hold ASCII, and a mistyped key may hold anything.
                b"Authorization": f"Bearer {line.credentials['api_key']}".encode(),
                b"Content-Type": b"application/json",
                b"Idempotency-Key": str(message.message_id).encode(),
            },
        )


def _verifies(public_key: str, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key)).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _request_body(line: LineAccess, message: OutgoingMessage) -> bytes:
    """The same bytes for the same message, always: a repetition with others is refused."""
    request: dict[str, Any] = {
        "from": line.phone_number,
        "to": message.to,
        "webhook_url": message.status_callback_url,
    }
    if message.body:
        request["text"] = message.body
    if message.media_urls:
        request["media_urls"] = list(message.media_urls)
    profile = line.credentials.get("messaging_profile_id")
    if profile:
        request["messaging_profile_id"] = profile
    return json.dumps(request, sort_keys=True, separators=(",", ":")).encode()


def _event(body: bytes) -> object:
    """Raises `UnreadableEventError`."""
    try:
        return fields.found(fields.parsed(body), "data")
    except ValueError as error:
        raise UnreadableEventError(f"The event cannot be read: {error}.") from None


def _report(payload: object, *, at: object) -> StatusReport | None:
    """What a message's record says. None for one without id or status. `at`: the event that it came in."""
    message_id = fields.text(payload, "id")
    status = fields.text(payload, "to", 0, "status", limit=100)
    if message_id is None or status is None:
        return None
    code, title = _error(_errors(payload))
    return StatusReport(
        provider_message_id=message_id,
        status=STATUSES.get(status.lower()),
        provider_status=status.lower(),
        error_code=code,
        error_title=title,
        opted_out=code == OPTED_OUT,
        provider_time=fields.time(at, "occurred_at"),
    )


def _errors(payload: object) -> list[tuple[str, object]]:
    """The first errors of a record or an answer: each one's code and the whole of it."""
    errors = fields.items(payload, "errors")[:MAX_ERRORS]
    return [(code, each) for each in errors if (code := fields.text(each, "code", limit=100))]


def _error(errors: Sequence[tuple[str, object]]) -> tuple[str | None, str | None]:
    """The code and the words that count: that the recipient has opted out before all others, else the first."""
    if any(code == OPTED_OUT for code, _ in errors):
        return OPTED_OUT, error_title(OPTED_OUT)
    for code, error in errors:
        return code, error_title(code, fields.text(error, "title") or fields.text(error, "detail"))
    return None, None


def _outcome(response: httpx.Response) -> SendOutcome:
    payload = json_object(response)
    if 200 <= response.status_code < 300:
        data = payload.get("data")
        message_id = fields.text(data, "id")
        if message_id is None:
            return OutcomeUnknown("The provider accepted it without saying under which id.")
        status = STATUSES.get((fields.text(data, "to", 0, "status") or "queued").lower())
        code, title = _error([*_errors(data), *_errors(payload)])
        return Accepted.carrying(
            message_id, status or MessageStatus.SENT, code=code, title=title, opted_out=code == OPTED_OUT
        )
    codes = [code for code, _ in _errors(payload)]
    full = next((each for each in codes if each in NEVER_PROCESSED), None)
    if response.status_code == 429 or full is not None:
        code = full or next(iter(codes), str(response.status_code))
        return not_processed(response, code=code, title=ERROR_TITLES.get(code))
    if 400 <= response.status_code < 500 and response.status_code not in {408, 409}:
        opted_out = OPTED_OUT in codes
        first = fields.text(payload, "errors", 0, "code", limit=100)
        code = OPTED_OUT if opted_out else first or str(response.status_code)
        words = fields.text(payload, "errors", 0, "detail") or fields.text(payload, "errors", 0, "title")
        return Rejected(code=code, title=error_title(code, words), opted_out=opted_out)
    return OutcomeUnknown(f"The provider answered {response.status_code}.")
