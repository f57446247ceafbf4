"""Telnyx's side of the wire."""

import base64
import json
import time
from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
from nacl.signing import SigningKey
from telnyx.lib.webhook_verification import WebhookVerificationError, verify_webhook_signature
from telnyx.types import MessageSendParams

from api.providers.port import MessageStatus, SmsProvider
from api.providers.registry import ProviderName
from api.providers.telnyx.provider import TelnyxProvider
from tests.providers.dialects.dialect import BASE, LINE_NUMBER, Arriving, Posted, Reporting, Webhook
from tests.providers.peer import Answer, Request, http

KEY = SigningKey(b"the seed of the test account's k")
SECOND_KEY = SigningKey(b"the seed of the test's second ke")
ANOTHER_KEY = SigningKey(b"the seed of another account's ke")
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519's base point."""
SIGNATURE = "telnyx-signature-ed25519"
PROFILE = "40017c1f-0000-4000-8000-000000000001"


class Telnyx:
    name = ProviderName.TELNYX
    credentials: Mapping[str, str] = MappingProxyType(
        {"api_key": "KEY0123_secret", "public_key": base64.b64encode(bytes(KEY.verify_key)).decode()}
    )
    mistyped: Mapping[str, str] = MappingProxyType(
        {"public_key": "bm8ga2V5IGF0IGFsbA==", "messaging_profile_id": "KEY0123_secret"}
    )
    words: Mapping[str, MessageStatus] = MappingProxyType(
        {
            "queued": MessageStatus.SENT,
            "sending": MessageStatus.SENT,
            "sent": MessageStatus.SENT,
            "delivered": MessageStatus.DELIVERED,
            "read": MessageStatus.DELIVERED,
            "sending_failed": MessageStatus.FAILED,
            "delivery_failed": MessageStatus.UNDELIVERED,
            "delivery_unconfirmed": MessageStatus.SENT,
            "expired": MessageStatus.UNDELIVERED,
        }
    )
    failed_word = "sending_failed"
    opted_out_code = "40300"
    landline_code = "40001"
    queue_full_code = "40318"
    second_credentials: Mapping[str, str] = MappingProxyType(
        {"public_key_secondary": base64.b64encode(bytes(SECOND_KEY.verify_key)).decode()}
    )
    signs_content = True
    signature_headers: Sequence[str] = (SIGNATURE, "telnyx-timestamp")
    media_authorization: str | None = None
    media_api = media_storage = "media.telnyx.com"

    def provider(self, client: httpx.AsyncClient, url: str) -> SmsProvider:
        return TelnyxProvider(client, api_url=url)

    def signed(self, url: str, body: bytes) -> Webhook:
        return signed(url, body)

    def signed_by_another(self, url: str, body: bytes) -> Webhook:
        return signed(url, body, key=ANOTHER_KEY)

    def signed_with_second(self, url: str, body: bytes) -> Webhook:
        return signed(url, body, key=SECOND_KEY)

    def oddly_signed(self, webhook: Webhook, chance: Random) -> Webhook:
        now = int(time.time()) + chance.choice([0, 0, 0, -290, 290, -310, 310, -86_400, 10**9])
        spellings = [f"{now}", f"+{now}", f" {now} ", f"{now:_}", f"{now}.0", f"0{now}", f"-{now}", hex(now), ""]
        odd = signed(webhook.url, webhook.body, timestamp=chance.choice(spellings))
        signature = base64.b64decode(odd.headers[SIGNATURE])
        # The order of the group is added to the second half: the same number to those who do not look closely.
        larger = (int.from_bytes(signature[32:], "little") + GROUP_ORDER).to_bytes(32, "little")
        plain = base64.b64encode(signature).decode()
        return odd.with_header(
            SIGNATURE,
            chance.choice(
                [
                    plain,
                    plain.rstrip("="),
                    plain + "=",
                    plain + "AAAA",
                    f" {plain} ",
                    f"{plain[:40]}\n{plain[40:]}",
                    f"{plain[:40]}!{plain[40:]}",
                    base64.urlsafe_b64encode(signature).decode(),
                    signature.hex(),
                    base64.b64encode(signature[:32] + larger).decode(),
                    base64.b64encode(signature[:63]).decode(),
                    base64.b64encode(signature + b"x").decode(),
                ]
            ),
        )

    def arrival(self, arriving: Arriving, *, url: str = f"{BASE}/inbound") -> Webhook:
        payload = {
            "autoresponse_type": arriving.signal.value.upper() if arriving.signal else None,
            "cc": [],
            "completed_at": None,
            "cost": {"amount": "0.0040", "currency": "USD"},
            "direction": "inbound",
            "encoding": "GSM-7",
            "errors": [],
            "from": {"carrier": "T-Mobile USA", "line_type": "Wireless", "phone_number": arriving.sender},
            "id": arriving.message_id,
            "media": [
                {"url": address, "content_type": content_type, "hash_sha256": "00", "size": 100}
                for address, content_type in arriving.media
            ],
            "messaging_profile_id": PROFILE,
            "parts": 1,
            "received_at": "2026-03-04T12:05:06.789+00:00",
            "record_type": "message",
            "text": arriving.text,
            "to": [{"carrier": "Telnyx", "phone_number": LINE_NUMBER, "status": "webhook_delivered"}],
            "type": "MMS" if arriving.media else "SMS",
            **arriving.more,
        }
        return self.signed(url, event("message.received", payload, **arriving.more))

    def report(self, reporting: Reporting, *, url: str = f"{BASE}/status") -> Webhook:
        final = self.words[reporting.word] is not MessageStatus.SENT if reporting.word in self.words else True
        payload = message_record(reporting.message_id, reporting.word, to=reporting.to, code=reporting.error_code)
        if reporting.ref is not None:
            url = f"{url}?message_id={reporting.ref}"
        return self.signed(url, event("message.finalized" if final else "message.sent", payload))

    def judged_authentic(self, webhook: Webhook) -> bool:
        try:
            verify_webhook_signature(webhook.body, webhook.headers, self.credentials["public_key"])
        except (WebhookVerificationError, UnicodeDecodeError):
            return False
        return True

    def accepts(self, message_id: str) -> Answer:
        return http(200, {"data": message_record(message_id, "queued")})

    def accepts_failed(self, message_id: str, code: str) -> Answer:
        return http(200, {"data": message_record(message_id, "sending_failed", code=code)})

    def refuses(self, status: int, code: str | None, words: str = "The provider's own words") -> Answer:
        errors = [{"code": code, "title": words, "detail": words}] if code else []
        return http(status, {"errors": errors})

    def posted(self, request: Request) -> Posted:
        assert request.line == "POST /v2/messages HTTP/1.1"
        assert request.headers["content-type"] == "application/json"
        body = json.loads(request.body)
        assert body.keys() <= {name.rstrip("_") for name in MessageSendParams.__annotations__}
        assert body.get("text") != "", "Telnyx wants a text that is not empty, or none."
        (ref,) = parse_qs(urlsplit(body["webhook_url"]).query)["message_id"]
        return Posted(
            sender=body["from"],
            to=body["to"],
            text=body.get("text", ""),
            media=body.get("media_urls", []),
            callback_url=body["webhook_url"],
            ref=UUID(ref),
            authorization=request.headers["authorization"],
        )


def signed(url: str, body: bytes, *, key: SigningKey = KEY, timestamp: str | None = None) -> Webhook:
    timestamp = str(int(time.time())) if timestamp is None else timestamp
    signature = key.sign(f"{timestamp}|".encode() + body).signature
    headers = {
        "content-type": "application/json",
        SIGNATURE: base64.b64encode(signature).decode(),
        "telnyx-timestamp": timestamp,
    }
    return Webhook(url, headers, body)


def event(event_type: str, payload: Mapping[str, Any], **more: Any) -> bytes:
    """An event whose id is its kind and its message's id: one of each kind for a message."""
    status = payload["to"][0].get("status", "")
    data = {
        "event_type": event_type,
        "id": f"{event_type}-{payload['id']}-{status}",
        "occurred_at": "2026-03-04T12:05:07.123+00:00",
        "payload": payload,
        "record_type": "event",
        **more,
    }
    return json.dumps({"data": data, "meta": {"attempt": 1, "delivered_to": "https://text.example.com"}}).encode()


def message_record(
    message_id: str, status: str, *, to: str = "+13125550147", code: str | None = None
) -> dict[str, Any]:
    """An outbound message as Telnyx records it: the payload of an event, the data of an answer."""
    return {
        "cc": [],
        "completed_at": "2026-03-04T12:05:07.000+00:00",
        "direction": "outbound",
        "encoding": "GSM-7",
        "errors": [{"code": code, "title": "Telnyx's own words", "detail": "…"}] if code else [],
        "from": {"carrier": "Telnyx", "line_type": "Wireless", "phone_number": LINE_NUMBER},
        "id": message_id,
        "media": [],
        "messaging_profile_id": PROFILE,
        "parts": 1,
        "record_type": "message",
        "sent_at": "2026-03-04T12:05:06.000+00:00",
        "tags": [],
        "text": "See you at 6!",
        "to": [{"carrier": "T-Mobile USA", "line_type": "Wireless", "phone_number": to, "status": status}],
        "type": "SMS",
        "webhook_url": "https://text.example.com",
    }
