"""Bandwidth's side of the wire."""

import base64
import json
from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from types import MappingProxyType
from typing import Any
from uuid import UUID

import httpx
from bandwidth import Configuration
from bandwidth.models import MessageRequest

from api.providers.bandwidth.provider import BandwidthProvider
from api.providers.port import MessageStatus, SmsProvider
from api.providers.registry import ProviderName
from tests.providers.dialects.dialect import BASE, LINE_NUMBER, Arriving, Posted, Reporting, Webhook
from tests.providers.peer import TOKEN, TOKEN_PATH, Answer, Request, http

APPLICATION = "93de2206-9669-4e07-948d-329f4b722ee2"


class Bandwidth:
    name = ProviderName.BANDWIDTH
    credentials: Mapping[str, str] = MappingProxyType(
        {
            "account_id": "9900000",
            "application_id": APPLICATION,
            "username": "api-user",
            "password": "the password: é",
            "callback_username": "callbacks",
            "callback_password": "another password: #1",
        }
    )
    mistyped: Mapping[str, str] = MappingProxyType(
        {"account_id": "api-user", "application_id": "9900000", "username": "a:b", "callback_username": "c:d"}
    )
    words: Mapping[str, MessageStatus] = MappingProxyType(
        {
            "message-sending": MessageStatus.SENT,
            "message-sent": MessageStatus.SENT,
            "message-delivered": MessageStatus.DELIVERED,
            "message-read": MessageStatus.DELIVERED,
            "message-failed": MessageStatus.FAILED,
        }
    )
    failed_word = "message-failed"
    opted_out_code = "4775"
    landline_code = "4720"
    queue_full_code = "max-message-queue-size-exceeded"
    second_credentials: Mapping[str, str] = MappingProxyType({"callback_password_secondary": "the next password"})
    signs_content = False
    signature_headers: Sequence[str] = ("authorization",)
    media_api = media_storage = "messaging.bandwidth.com"

    @property
    def media_authorization(self) -> str | None:
        pair = f"{self.credentials['username']}:{self.credentials['password']}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    def provider(self, client: httpx.AsyncClient, url: str) -> SmsProvider:
        return BandwidthProvider(client, api_url=url, token_url=f"{url}{TOKEN_PATH}")

    def signed(self, url: str, body: bytes) -> Webhook:
        return _signed(url, body, self.credentials["callback_username"], self.credentials["callback_password"])

    def signed_by_another(self, url: str, body: bytes) -> Webhook:
        return _signed(url, body, self.credentials["callback_username"], "somebody else's password")

    def signed_with_second(self, url: str, body: bytes) -> Webhook:
        password = self.second_credentials["callback_password_secondary"]
        return _signed(url, body, self.credentials["callback_username"], password)

    def oddly_signed(self, webhook: Webhook, chance: Random) -> Webhook:
        username, password = self.credentials["callback_username"], self.credentials["callback_password"]
        pair = chance.choice(
            [
                f"{username}:{password}",
                f"{username}:{password} ",
                f"{username.upper()}:{password}",
                f"{username}:{password[:-1]}",
                f"{username}:",
                f":{password}",
                f"{password}:{username}",
                f"{username}{password}",
                f"{self.credentials['username']}:{self.credentials['password']}",
            ]
        )
        encoded = base64.b64encode(pair.encode()).decode()
        spelling = chance.choice([encoded, encoded.rstrip("="), encoded + "=", encoded.lower(), pair, encoded[:-4]])
        scheme = chance.choice(["Basic ", "basic ", "BASIC  ", "Bearer ", "Basic", "", " Basic ", "Digest "])
        return webhook.with_header("authorization", scheme + chance.choice(["", " "]).join([spelling, ""]))

    def arrival(self, arriving: Arriving, *, url: str = f"{BASE}/inbound") -> Webhook:
        return self.signed(url, json.dumps([received(arriving)]).encode())

    def report(self, reporting: Reporting, *, url: str = f"{BASE}/status") -> Webhook:
        return self.signed(url, json.dumps([reported(reporting)]).encode())

    def judged_authentic(self, webhook: Webhook) -> bool:
        """Bandwidth's SDK checks no webhooks; it says what credentials look like on the wire."""
        expected = _sdk_credentials(self.credentials["callback_username"], self.credentials["callback_password"])
        scheme, _, credentials = webhook.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "basic" and credentials.strip(" ") == expected.removeprefix("Basic ")

    def accepts_failed(self, message_id: str, code: str) -> Answer:
        return http(202, {"id": message_id, "direction": "out", "messageStatus": "FAILED", "errorCode": int(code)})

    def accepts(self, message_id: str) -> Answer:
        message = {
            "id": message_id,
            "owner": LINE_NUMBER,
            "applicationId": APPLICATION,
            "time": "2026-03-04T12:05:06Z",
            "segmentCount": 1,
            "direction": "out",
            "to": ["+13125550147"],
            "from": LINE_NUMBER,
            "text": "See you at 6!",
        }
        return http(202, message)

    def refuses(self, status: int, code: str | None, words: str = "The provider's own words") -> Answer:
        return http(status, {"type": code, "description": words} if code else {})

    def posted(self, request: Request) -> Posted:
        assert request.line == f"POST /api/v2/users/{self.credentials['account_id']}/messages HTTP/1.1"
        assert request.headers["content-type"].partition(";")[0] == "application/json"
        body = MessageRequest.from_dict(json.loads(request.body))
        assert body is not None
        assert not body.additional_properties
        assert body.application_id == APPLICATION
        (to,) = body.to
        return Posted(
            sender=body.var_from,
            to=to,
            text=body.text or "",
            media=body.media or [],
            callback_url=None,
            ref=UUID(body.tag),
            authorization=request.headers["authorization"],
        )


class BandwidthOAuth(Bandwidth):
    """The same, of an account that has API credentials in place of an API user."""

    credentials: Mapping[str, str] = MappingProxyType(
        {
            **{name: value for name, value in Bandwidth.credentials.items() if name not in {"username", "password"}},
            "client_id": "CLI-93de2206",
            "client_secret": "the secret: é",
        }
    )
    mistyped: Mapping[str, str] = MappingProxyType(
        {"account_id": "CLI-1", "application_id": "9900000", "client_id": "a:b", "callback_username": "c:d"}
    )

    @property
    def media_authorization(self) -> str | None:
        return f"Bearer {TOKEN['access_token']}"


@cache
def _sdk_credentials(username: str, password: str) -> str:
    token = Configuration(username=username, password=password).get_basic_auth_token()
    assert token is not None
    return str(token)


def _signed(url: str, body: bytes, username: str, password: str) -> Webhook:
    credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
    return Webhook(url, {"content-type": "application/json", "authorization": f"Basic {credentials}"}, body)


def received(arriving: Arriving, **message: Any) -> dict[str, Any]:
    """One element of an arrival's array; `message` changes fields of its message."""
    return {
        "type": "message-received",
        "time": "2026-03-04T12:05:06.789Z",
        "description": "Incoming message received",
        "to": LINE_NUMBER,
        "message": {
            "id": arriving.message_id,
            "owner": LINE_NUMBER,
            "applicationId": APPLICATION,
            "time": "2026-03-04T12:05:06.789Z",
            "segmentCount": 1,
            "direction": "in",
            "to": [LINE_NUMBER],
            "from": arriving.sender,
            "text": arriving.text,
            **({"media": [address for address, _ in arriving.media]} if arriving.media else {}),
            **arriving.more,
            **message,
        },
        **arriving.more,
    }


def reported(reporting: Reporting, **message: Any) -> dict[str, Any]:
    """One element of a report's array; `message` changes fields of its message."""
    return {
        "type": reporting.word,
        "time": "2026-03-04T12:05:07.123Z",
        "description": "Bandwidth's own words",
        "to": reporting.to,
        **({"errorCode": int(reporting.error_code)} if reporting.error_code else {}),
        "message": {
            "id": reporting.message_id,
            "owner": LINE_NUMBER,
            "applicationId": APPLICATION,
            "time": "2026-03-04T12:05:05Z",
            "segmentCount": 1,
            "direction": "out",
            "to": [reporting.to],
            "from": LINE_NUMBER,
            "text": "",
            **({"tag": str(reporting.ref)} if reporting.ref else {}),
            **message,
        },
    }
