"""Telnyx's adapter.

Wire facts: Telnyx's API reference for messaging, its guides to receiving webhooks, to opting in and out and to
idempotency, and its list of messaging errors.
"""

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Self

import httpx

from api.providers.media import MediaSource, places
from api.providers.port import (
    EventKind,
    LineAccess,
    MediaOutcome,
    OutgoingMessage,
    ProviderDescription,
    ProviderUnreachable,
    ReceivedMessage,
    ReconcileOutcome,
    SendOutcome,
    StatusReport,
    UnknownMessage,
    WebhookAddresses,
    WebhookAnswer,
    WebhookCheck,
    WebhookEvent,
    WebhookRequest,
)
from api.providers.telnyx import receive
from api.providers.telnyx.check import TelnyxCheck
from api.providers.telnyx.credentials import TELNYX
from api.providers.telnyx.send import post_message, repeat_message
from api.settings import Settings

STORAGE_DOMAINS = ("telnyx.com", "telnyxcloudstorage.com", "telnyxstorage.com")
"""`media.telnyx.com` in Telnyx's guide to sending and receiving MMS; its Cloud Storage's regional endpoints."""


class TelnyxProvider:
    """Telnyx's wire protocol at `api_url`. `clock` tells seconds since the epoch."""

    description: ClassVar[ProviderDescription] = TELNYX

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

    @classmethod
    def from_settings(cls, client: httpx.AsyncClient, settings: Settings) -> Self:
        return cls(client, api_url=settings.telnyx_api_url, media_hosts=settings.media_hosts)

    async def check_webhooks(self, line: LineAccess, expected: WebhookAddresses) -> WebhookCheck | ProviderUnreachable:
        return await TelnyxCheck(self._client, api_url=self._api_url, line=line, expected=expected).check()

    def is_authentic(self, line: LineAccess, request: WebhookRequest) -> bool:
        return receive.is_authentic(line, request, now=self._clock())

    def split_webhook(self, request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
        return receive.split_webhook(request)

    def webhook_answer(self) -> WebhookAnswer:
        return WebhookAnswer(content_type="application/json", body=b"{}")

    def read_message(self, body: bytes) -> ReceivedMessage:
        return receive.read_message(body)

    def read_status(self, body: bytes) -> StatusReport:
        return receive.read_status(body)

    async def send(self, line: LineAccess, message: OutgoingMessage) -> SendOutcome:
        return await post_message(self._client, self._api_url, line, message)

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        return await repeat_message(self._client, self._api_url, line, message)

    async def fetch_media(self, line: LineAccess, url: str) -> MediaOutcome:
        """Without credentials: the address is signed, and expires soon."""
        return await self._media.fetch(url)
