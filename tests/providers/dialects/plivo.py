"""Plivo's side of the wire."""

import base64
import json
from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import httpx
from plivo.utils import validate_signature

from api.providers.plivo.provider import PlivoProvider
from api.providers.plivo.receive import signature
from api.providers.port import MessageStatus, OptOutSignal, SmsProvider
from api.providers.registry import ProviderName
from tests.providers.dialects.dialect import BASE, LINE_NUMBER, Arriving, Posted, Reporting, Webhook
from tests.providers.peer import Answer, Request, http

FORM = "application/x-www-form-urlencoded"
NONCE = "05429567804466091622"
INTENTS = {OptOutSignal.STOP: "optout", OptOutSignal.START: "optin", OptOutSignal.HELP: "help"}


class Plivo:
    name = ProviderName.PLIVO
    credentials: Mapping[str, str] = MappingProxyType(
        {"auth_id": "MA" + "ABCDEFGHI123456789", "auth_token": "0123456789abcdef"}
    )
    mistyped: Mapping[str, str] = MappingProxyType({"auth_id": "AC" + "1" * 18})
    words: Mapping[str, MessageStatus] = MappingProxyType(
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
    failed_word = "failed"
    opted_out_code = "200"
    landline_code = "50"
    queue_full_code = "429"
    queue_full_status = 429
    gives_signals = True
    omits_plus = True
    path = "/Message/"
    second_credentials: Mapping[str, str] = MappingProxyType({"auth_token_secondary": "fedcba9876543210"})
    signs_content = False
    signature_headers: Sequence[str] = ("x-plivo-signature-v2",)
    media_api = media_storage = "media.plivo.com"

    @property
    def media_authorization(self) -> str | None:
        pair = f"{self.credentials['auth_id']}:{self.credentials['auth_token']}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    def provider(self, client: httpx.AsyncClient, url: str) -> SmsProvider:
        return PlivoProvider(client, api_url=url)

    def signed(self, url: str, body: bytes) -> Webhook:
        return _signed(url, body, self.credentials["auth_token"])

    def signed_by_another(self, url: str, body: bytes) -> Webhook:
        return _signed(url, body, "another account's token")

    def signed_with_second(self, url: str, body: bytes) -> Webhook:
        return _signed(url, body, self.second_credentials["auth_token_secondary"])

    def oddly_signed(self, webhook: Webhook, chance: Random) -> Webhook:
        """Over another address, with another nonce, or in another spelling."""
        token = self.credentials["auth_token"]
        query = chance.choice(["", "?a=1", "?message_id=1&x=", "?", "#x", ";a=b", "?a;b"])
        url = chance.choice([webhook.url, webhook.url.replace(".com/", ".com:443/"), webhook.url.upper()]) + query
        nonce = chance.choice([NONCE, "", "1", "ümlaut", f"{NONCE} "])
        odd = _signed(url, webhook.body, token, nonce=nonce)
        value = odd.headers["x-plivo-signature-v2"]
        spelling = chance.choice([value, value, value.rstrip("="), f"{value}=", f"{value},{value}", value.lower()])
        content_type = chance.choice([FORM, f"{FORM}; charset=utf-8", "application/json", ""])
        odd = odd.with_header("x-plivo-signature-v2", spelling).with_header("content-type", content_type)
        return odd.with_header("x-plivo-signature-v2-nonce", chance.choice([nonce, nonce, nonce, None, "2"]))

    def arrival(self, arriving: Arriving, *, url: str = f"{BASE}/inbound") -> Webhook:
        form = {
            "From": _plain(arriving.sender),
            "To": _plain(LINE_NUMBER),
            "Type": "mms" if arriving.media else "sms",
            "MessageUUID": arriving.message_id,
            "Units": "1",
            "TotalRate": "0",
            "TotalAmount": "0",
            "PowerpackUUID": "",
            "MessageIntent": INTENTS[arriving.signal] if arriving.signal is not None else "",
        }
        if arriving.media:
            form |= {"Body": arriving.text, "MediaCount": str(len(arriving.media))}
            form |= {f"Media{number}": address for number, (address, _) in enumerate(arriving.media, start=1)}
        else:
            form["Text"] = arriving.text
        more = {name: str(value) for name, value in arriving.more.items()}
        return self.signed(url, urlencode(form | more, errors="surrogatepass").encode())

    def report(self, reporting: Reporting, *, url: str = f"{BASE}/status") -> Webhook:
        form = {
            "MessageUUID": reporting.message_id,
            "Status": reporting.word,
            "From": _plain(LINE_NUMBER),
            "To": _plain(reporting.to),
            "Type": "sms",
            "Units": "1",
            "ErrorCode": reporting.error_code or "",
            "MessageTime": "2026-03-04 12:05:05.123456",
            "SentTime": "2026-03-04 12:05:06.123456",
        }
        if reporting.ref is not None:
            url = f"{url}?message_id={reporting.ref}"
        return self.signed(url, urlencode(form).encode())

    def judged_authentic(self, webhook: Webhook) -> bool:
        given = webhook.headers.get("x-plivo-signature-v2")
        nonce = webhook.headers.get("x-plivo-signature-v2-nonce")
        if given is None or nonce is None:
            return False
        return bool(validate_signature(webhook.url, nonce, given, self.credentials["auth_token"]))

    def accepts(self, message_id: str) -> Answer:
        return http(202, {"message": "message(s) queued", "message_uuid": [message_id], "api_id": "an-api-id"})

    def accepts_failed(self, message_id: str, code: str) -> Answer:
        document = {"message": "message(s) queued", "message_uuid": [message_id], "error_code": code}
        return http(202, document)

    def refuses(self, status: int, code: str | None, words: str = "The provider's own words") -> Answer:
        return http(status, {"api_id": "an-api-id", "error": words, **({"error_code": code} if code else {})})

    def posted(self, request: Request) -> Posted:
        assert request.line == f"POST /v1/Account/{self.credentials['auth_id']}/Message/ HTTP/1.1"
        assert request.headers["content-type"] == "application/json"
        body = json.loads(request.body)
        assert body.keys() <= {"src", "dst", "text", "type", "url", "method", "media_urls"}
        assert body["method"] == "POST"
        assert body["type"] == ("mms" if body.get("media_urls") else "sms")
        (ref,) = parse_qs(urlsplit(body["url"]).query)["message_id"]
        return Posted(
            sender=body["src"],
            to=body["dst"],
            text=body.get("text", ""),
            media=body.get("media_urls", []),
            callback_url=body["url"],
            ref=UUID(ref),
            authorization=request.headers["authorization"],
        )


def _plain(number: str) -> str:
    """As Plivo writes E.164 numbers: without their plus."""
    digits = number.removeprefix("+")
    return digits if digits.isdigit() and number == f"+{digits}" else number


def _signed(url: str, body: bytes, token: str, *, nonce: str = NONCE) -> Webhook:
    """With our own function, which `judged_authentic` holds against the SDK: the SDK only verifies."""
    value = signature(token, url, nonce)
    headers = {"content-type": FORM, "x-plivo-signature-v2": value, "x-plivo-signature-v2-nonce": nonce}
    return Webhook(url, headers, body)
