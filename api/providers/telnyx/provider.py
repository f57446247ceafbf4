"""Telnyx's adapter.

Wire facts: Telnyx's API reference for messaging, its guides to receiving webhooks, to opting in and out and to
idempotency, and its list of messaging errors.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

import httpx

from api.providers.adapter import HeaderAuthAdapter
from api.providers.check import Lookup
from api.providers.http import CONNECTION_FAILURES, cannot_ask
from api.providers.port import (
    CannotTell,
    LineAccess,
    MediaOutcome,
    OutgoingMessage,
    ProviderDescription,
    ReconcileOutcome,
    UnknownMessage,
    WebhookAnswer,
    WebhookFinding,
    refused_destination,
)
from api.providers.telnyx import check, receive, send
from api.providers.telnyx.credentials import TELNYX
from api.settings import Settings


class TelnyxProvider(HeaderAuthAdapter):
    """Telnyx's wire protocol at `api_url`."""

    description: ClassVar[ProviderDescription] = TELNYX
    webhook_answer: ClassVar[WebhookAnswer] = WebhookAnswer(content_type="application/json", body=b"{}")

    STORAGE_DOMAINS = ("telnyx.com", "telnyxcloudstorage.com", "telnyxstorage.com")
    """`media.telnyx.com` in Telnyx's guide to sending and receiving MMS; its Cloud Storage's regional endpoints."""

    is_authentic = staticmethod(receive.is_authentic)
    split_webhook = staticmethod(receive.split_webhook)
    read_message = staticmethod(receive.read_message)
    read_status = staticmethod(receive.read_status)
    read_answer = staticmethod(send.read_answer)

    @classmethod
    def from_settings(cls, client: httpx.AsyncClient, settings: Settings) -> Self:
        return cls(client, api_url=settings.telnyx_api_url, media_hosts=settings.media_hosts)

    @staticmethod
    def authorization(line: LineAccess) -> Mapping[bytes, bytes]:
        return {b"Authorization": f"Bearer {line.credentials['api_key']}".encode()}

    async def post(self, line: LineAccess, message: OutgoingMessage) -> httpx.Response:
        key = str(message.message_id).encode()
        headers = {**self.authorization(line), b"Content-Type": b"application/json", b"Idempotency-Key": key}
        url = f"{self._api_url}/v2/messages"
        return await self._client.post(url, content=send.request_body(line, message), headers=headers)

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        """POST the message again under its idempotency key."""
        if message.repeat is None or refused_destination(message.repeat) is not None:
            return CannotTell("It may not be handed over again, and the provider cannot be asked without its id.")
        try:
            return send.read_repetition(await self.post(line, message.repeat))
        except CONNECTION_FAILURES as error:
            return cannot_ask(error)

    async def inbound_finding(self, lookup: Lookup, line: LineAccess, address: str) -> WebhookFinding:
        return await check.inbound_finding(lookup, self._api_url, line, address)

    async def fetch_media(self, line: LineAccess, url: str) -> MediaOutcome:
        """Without credentials: the address is signed, and expires soon."""
        return await self._media.fetch(url)
