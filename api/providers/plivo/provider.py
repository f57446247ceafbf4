"""Plivo's adapter.

Wire facts: Plivo's API reference for messages, numbers and applications, its guides to webhooks and their signature,
and its SDK for Python. docs/providers.md says which of them are not verified against a live account.
"""

from collections.abc import Mapping
from typing import ClassVar, Self
from urllib.parse import quote

import httpx

from api.providers.adapter import HeaderAuthAdapter
from api.providers.check import Lookup
from api.providers.http import basic_credentials
from api.providers.plivo import check, receive, send
from api.providers.plivo.credentials import PLIVO
from api.providers.port import LineAccess, OutgoingMessage, ProviderDescription, WebhookAnswer, WebhookFinding
from api.settings import Settings


class PlivoProvider(HeaderAuthAdapter):
    """Plivo's wire protocol at `api_url`. Its records hold neither text nor callback address: only a callback, whose
    address carries our message's id, resolves an unknown outcome."""

    description: ClassVar[ProviderDescription] = PLIVO
    webhook_answer: ClassVar[WebhookAnswer] = WebhookAnswer(content_type="text/xml", body=b"<Response/>")
    """An empty document: Plivo texts the content of a `Message` element."""

    API_HOSTS = ("api.plivo.com", "media.plivo.com")
    """Files of received messages are there, behind HTTP Basic authentication if the account demands it."""

    is_authentic = staticmethod(receive.is_authentic)
    split_webhook = staticmethod(receive.split_webhook)
    read_message = staticmethod(receive.read_message)
    read_status = staticmethod(receive.read_status)
    read_answer = staticmethod(send.read_answer)

    @classmethod
    def from_settings(cls, client: httpx.AsyncClient, settings: Settings) -> Self:
        return cls(client, api_url=settings.plivo_api_url, media_hosts=settings.media_hosts)

    @staticmethod
    def authorization(line: LineAccess) -> Mapping[bytes, bytes]:
        return basic_credentials(line.credentials["auth_id"], line.credentials["auth_token"])

    async def post(self, line: LineAccess, message: OutgoingMessage) -> httpx.Response:
        url = f"{self._account_url(line)}/Message/"
        return await self._client.post(url, json=send.request_body(line, message), headers=self.authorization(line))

    async def inbound_finding(self, lookup: Lookup, line: LineAccess, address: str) -> WebhookFinding:
        return await check.inbound_finding(lookup, self._account_url(line), line, address)

    def _account_url(self, line: LineAccess) -> str:
        return f"{self._api_url}/v1/Account/{quote(line.credentials['auth_id'], safe='')}"
