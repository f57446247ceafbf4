"""Twilio's side of the wire."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from types import MappingProxyType
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from uuid import UUID

import httpx
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from api.providers.port import MessageStatus, SmsProvider
from api.providers.registry import ProviderName
from api.providers.twilio.provider import TwilioProvider
from tests.providers.dialects.dialect import BASE, LINE_NUMBER, Arriving, Posted, Reporting, Webhook
from tests.providers.peer import Answer, Request, http

FORM = "application/x-www-form-urlencoded"


class Twilio:
    name = ProviderName.TWILIO
    credentials: Mapping[str, str] = MappingProxyType(
        {"account_sid": "AC" + "1" * 32, "auth_token": "0123456789abcdef"}
    )
    mistyped: Mapping[str, str] = MappingProxyType(
        {"account_sid": "SK" + "1" * 32, "messaging_service_sid": "AC" + "1" * 32}
    )
    words: Mapping[str, MessageStatus] = MappingProxyType(
        {
            "queued": MessageStatus.SENT,
            "accepted": MessageStatus.SENT,
            "scheduled": MessageStatus.SENT,
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
    failed_word = "failed"
    opted_out_code = "21610"
    landline_code = "21614"
    queue_full_code = "21611"
    second_credentials: Mapping[str, str] = MappingProxyType({"auth_token_secondary": "fedcba9876543210"})
    signs_content = True
    signature_headers: Sequence[str] = ("x-twilio-signature",)
    media_authorization: str | None = f"Basic {base64.b64encode(b'AC' + b'1' * 32 + b':0123456789abcdef').decode()}"
    media_api = "api.twilio.com"
    media_storage = "mms.twiliocdn.com"

    def provider(self, client: httpx.AsyncClient, url: str) -> SmsProvider:
        return TwilioProvider(client, api_url=url)

    def signed(self, url: str, body: bytes) -> Webhook:
        return _signed(url, body, self.credentials["auth_token"])

    def signed_by_another(self, url: str, body: bytes) -> Webhook:
        return _signed(url, body, "another account's token")

    def signed_with_second(self, url: str, body: bytes) -> Webhook:
        return _signed(url, body, self.second_credentials["auth_token_secondary"])

    def oddly_signed(self, webhook: Webhook, chance: Random) -> Webhook:
        """As a JSON body covered by its hash in the address, or over the address with its port."""
        digest = hashlib.sha256(webhook.body).hexdigest()
        query = chance.choice([f"?bodySHA256={digest}", f"?bodySHA256={digest.upper()}", "?bodySHA256=", "?a=1&b=", ""])
        signed_url = chance.choice([webhook.url, webhook.url.replace(".com/", ".com:443/")]) + query
        token = self.credentials["auth_token"]
        odd = _signed(signed_url, chance.choice([webhook.body, b""]), token)
        content_type = chance.choice([FORM, f"{FORM}; charset=utf-8", "application/json", "text/plain", ""])
        return replace(odd, url=webhook.url + query, body=webhook.body).with_header("content-type", content_type)

    def arrival(self, arriving: Arriving, *, url: str = f"{BASE}/inbound") -> Webhook:
        form = {
            "ToCountry": "US",
            "SmsMessageSid": arriving.message_id,
            "NumMedia": str(len(arriving.media)),
            "FromCity": "",
            "Body": arriving.text,
            "MessageSid": arriving.message_id,
            "AccountSid": self.credentials["account_sid"],
            "From": arriving.sender,
            "To": LINE_NUMBER,
            "ApiVersion": "2010-04-01",
        }
        for number, (address, content_type) in enumerate(arriving.media):
            form |= {f"MediaUrl{number}": address, f"MediaContentType{number}": content_type}
        if arriving.signal is not None:
            form["OptOutType"] = arriving.signal.value.upper()
        more = {name: str(value) for name, value in arriving.more.items()}
        return self.signed(url, urlencode(form | more, errors="surrogatepass").encode())

    def report(self, reporting: Reporting, *, url: str = f"{BASE}/status") -> Webhook:
        form = {
            "MessageSid": reporting.message_id,
            "MessageStatus": reporting.word,
            "To": reporting.to,
            "From": LINE_NUMBER,
            "AccountSid": self.credentials["account_sid"],
            "ApiVersion": "2010-04-01",
        }
        if reporting.error_code is not None:
            form["ErrorCode"] = reporting.error_code
        if reporting.ref is not None:
            url = f"{url}?message_id={reporting.ref}"
        return self.signed(url, urlencode(form).encode())

    def judged_authentic(self, webhook: Webhook) -> bool:
        """As a web framework calls it: a form as a multi-dictionary of decoded fields, anything else as text."""
        signature = webhook.headers.get("x-twilio-signature")
        if signature is None:
            return False
        is_form = webhook.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
        try:
            given = _decoded(webhook.body) if is_form else webhook.body.decode()
            return bool(RequestValidator(self.credentials["auth_token"]).validate(webhook.url, given, signature))
        except (TypeError, UnicodeDecodeError):
            return False  # What it does with a body that is neither form nor hashed, and with one that is no text.

    def accepts(self, message_id: str) -> Answer:
        return http(201, {"sid": message_id, "status": "queued", "num_segments": "1", "error_code": None})

    def accepts_failed(self, message_id: str, code: str) -> Answer:
        words = "The provider's own words"
        return http(201, {"sid": message_id, "status": "failed", "error_code": int(code), "error_message": words})

    def refuses(self, status: int, code: str | None, words: str = "The provider's own words") -> Answer:
        return http(status, {"code": int(code) if code else None, "message": words, "status": status})

    def posted(self, request: Request) -> Posted:
        account = self.credentials["account_sid"]
        assert request.line == f"POST /2010-04-01/Accounts/{account}/Messages.json HTTP/1.1"
        assert request.headers["content-type"] == FORM
        form = dict(request.form)
        (ref,) = parse_qs(urlsplit(form["StatusCallback"]).query)["message_id"]
        return Posted(
            sender=form["From"],
            to=form["To"],
            text=form["Body"],
            media=[value for name, value in request.form if name == "MediaUrl"],
            callback_url=form["StatusCallback"],
            ref=UUID(ref),
            authorization=request.headers["authorization"],
        )


def _decoded(body: bytes) -> ImmutableMultiDict[str, str]:
    return ImmutableMultiDict(parse_qsl(body.decode(), keep_blank_values=True))


def _signed(url: str, body: bytes, token: str) -> Webhook:
    try:
        signature = RequestValidator(token).compute_signature(url, _decoded(body))
    except UnicodeDecodeError:
        signature = "Twilio signs no such thing"
    return Webhook(url, {"content-type": FORM, "x-twilio-signature": signature}, body)
