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
from api.providers.http import CONNECTION_FAILURES, classify_failure, json_object, retry_after
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
from api.providers.telnyx_check import TelnyxCheck, is_public_key

SIGNATURE = "telnyx-signature-ed25519"
TIMESTAMP = "telnyx-timestamp"

STORAGE_DOMAINS = ("telnyx.com", "telnyxcloudstorage.com", "telnyxstorage.com")
"""`media.telnyx.com` in Telnyx's guide to sending and receiving MMS; its Cloud Storage's regional endpoints."""

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

OPTED_OUT = "40300"
TOO_MANY_REQUESTS = "10011"
QUEUE_FULL = "40318"

ERROR_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "10001": "The number is not in service.",
        "10002": "The number is not a valid phone number.",
        "10009": "The provider refused this line's credentials.",
        "10010": "The provider does not let this line's credentials send texts.",
        "10016": "The number is not a valid phone number.",
        "20100": "The provider's account has run out of money.",
        "40001": "The number cannot receive texts (probably a landline).",
        "40002": "The carrier filtered the text as spam.",
        "40003": "The carrier blocks this line for spam.",
        "40004": "The phone's carrier refused the text and did not say why.",
        "40005": "The text could not be delivered in time.",
        "40006": "The phone's carrier is out of order.",
        "40008": "The carrier could not deliver it and did not say why.",
        "40009": "The carrier does not accept something in the text.",
        "40010": "This line is not registered for business texts (10DLC).",
        "40011": "The carrier refused it: too many texts at once.",
        "40012": "The number is not a valid phone number.",
        "40013": "The carrier does not accept this line's number.",
        "40014": "The text could not be delivered in time.",
        "40015": "The provider filtered the text as spam.",
        OPTED_OUT: "This person has opted out by texting STOP.",
        "40301": "The number cannot receive this kind of message.",
        "40302": "The text or its pictures are too large.",
        "40305": "The provider does not let this line send from its number.",
        "40309": "This line may not text that country.",
        "40310": "The number is not a valid phone number.",
        "40311": "The provider does not know this line's messaging profile.",
        "40312": "This line's messaging profile is switched off at the provider.",
        QUEUE_FULL: "The provider's queue for this line is full.",
        "40322": "The provider does not allow something in the text.",
        "40329": "This toll-free line is not verified yet.",
    }
)
"""Telnyx's error codes in words that a front desk understands."""

_TELLS_NOTHING_OF_THE_FIRST = frozenset({401, 403, 404, 409, 422})
"""Refusals of the repetition itself: credentials that changed, the first still under way, another body."""


def error_title(code: str, title: str | None = None) -> str:
    return ERROR_TITLES.get(code) or title or f"The provider refused it (error {code})."


class TelnyxProvider:
    """Telnyx's wire protocol at `api_url`. `clock` tells seconds since the epoch."""

    name = ProviderName.TELNYX
    answers_keywords = True
    credential_fields: Mapping[str, bool] = MappingProxyType(
        {"api_key": True, "public_key": True, "messaging_profile_id": False}
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
        if not is_public_key(credentials["public_key"]):
            problems["public_key"] = "A public key is 44 characters of base64 (32 bytes), ending in =."
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
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(line.credentials["public_key"]))
            signature = base64.b64decode(request.headers.get(SIGNATURE, ""))
            key.verify(signature, f"{timestamp}|{request.body.decode()}".encode())
        except (InvalidSignature, ValueError):
            return False
        return True

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
                if (url := fields.text(each, "url"))
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
    code = fields.text(payload, "errors", 0, "code", limit=100)
    return StatusReport(
        provider_message_id=message_id,
        status=STATUSES.get(status.lower()),
        provider_status=status.lower(),
        error_code=code,
        error_title=error_title(code, fields.text(payload, "errors", 0, "title")) if code else None,
        opted_out=OPTED_OUT in _codes(payload),
        provider_time=fields.time(at, "occurred_at"),
    )


def _codes(payload: object) -> set[str]:
    return {code for each in fields.items(payload, "errors") if (code := fields.text(each, "code"))}


def _outcome(response: httpx.Response) -> SendOutcome:
    payload = json_object(response)
    if 200 <= response.status_code < 300:
        data = payload.get("data")
        message_id = fields.text(data, "id")
        if message_id is None:
            return OutcomeUnknown("The provider accepted it without saying under which id.")
        status = STATUSES.get((fields.text(data, "to", 0, "status") or "queued").lower())
        return Accepted(provider_message_id=message_id, status=status or MessageStatus.SENT)
    codes = _codes(payload)
    if response.status_code == 429 or codes & {TOO_MANY_REQUESTS, QUEUE_FULL}:
        return NotProcessed(
            detail="The provider asked for a slower pace.",
            retry_after_seconds=retry_after(response),
            code=fields.text(payload, "errors", 0, "code", limit=100) or str(response.status_code),
        )
    if 400 <= response.status_code < 500 and response.status_code not in {408, 409}:
        opted_out = OPTED_OUT in codes
        first = fields.text(payload, "errors", 0, "code", limit=100)
        code = OPTED_OUT if opted_out else first or str(response.status_code)
        words = fields.text(payload, "errors", 0, "detail") or fields.text(payload, "errors", 0, "title")
        return Rejected(code=code, title=error_title(code, words), opted_out=opted_out)
    return OutcomeUnknown(f"The provider answered {response.status_code}.")
