"""Plivo's adapter.

Wire facts: Plivo's API reference for messages, numbers and applications, its guides to webhooks and their signature,
and its SDK for Python. docs/providers.md says what of it is not verified against a live account.
"""

from collections.abc import Sequence
from typing import ClassVar, Self
from urllib.parse import quote

import httpx

from api.providers.http import basic_credentials
from api.providers.media import MediaSource, places
from api.providers.plivo import receive
from api.providers.plivo.check import PlivoCheck
from api.providers.plivo.credentials import PLIVO
from api.providers.plivo.send import post_message
from api.providers.port import (
    CannotTell,
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
from api.settings import Settings

API_HOSTS = ("api.plivo.com", "media.plivo.com")
"""Where files of received messages are, behind HTTP Basic authentication if the account demands it."""


class PlivoProvider:
    """Plivo's wire protocol at `api_url`."""

    description: ClassVar[ProviderDescription] = PLIVO

    def __init__(self, client: httpx.AsyncClient, *, api_url: str, media_hosts: Sequence[str] = ()) -> None:
        self._client = client
        self._api_url = api_url
        self._media = MediaSource(client, places(api_url, api_hosts=API_HOSTS, storage_hosts=media_hosts))

    @classmethod
    def from_settings(cls, client: httpx.AsyncClient, settings: Settings) -> Self:
        return cls(client, api_url=settings.plivo_api_url, media_hosts=settings.media_hosts)

    async def check_webhooks(self, line: LineAccess, expected: WebhookAddresses) -> WebhookCheck | ProviderUnreachable:
        return await PlivoCheck(self._client, account_url=self._account_url(line), line=line).check(expected)

    def is_authentic(self, line: LineAccess, request: WebhookRequest) -> bool:
        return receive.is_authentic(line, request)

    def split_webhook(self, request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
        return receive.split_webhook(request, kind=kind)

    def webhook_answer(self) -> WebhookAnswer:
        """An empty document: Plivo texts what a `Message` element in it says."""
        return WebhookAnswer(content_type="text/xml", body=b"<Response/>")

    def read_message(self, body: bytes) -> ReceivedMessage:
        return receive.read_message(body)

    def read_status(self, body: bytes) -> StatusReport:
        return receive.read_status(body)

    async def send(self, line: LineAccess, message: OutgoingMessage) -> SendOutcome:
        return await post_message(self._client, self._account_url(line), line, message)

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        """Plivo's records hold neither text nor callback address, so no record identifies this message.

        A callback resolves it: its address carries our message's id.
        """
        return CannotTell("The provider's records do not say which message is which; its callbacks do.")

    async def fetch_media(self, line: LineAccess, url: str) -> MediaOutcome:
        credentials = basic_credentials(line.credentials["auth_id"], line.credentials["auth_token"])
        return await self._media.fetch(url, credentials=credentials)

    def _account_url(self, line: LineAccess) -> str:
        return f"{self._api_url}/v1/Account/{quote(line.credentials['auth_id'], safe='')}"
