"""Twilio's adapter.

Wire facts: Twilio's API reference for Messages, its guide to webhook security, and its error dictionary.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Self
from urllib.parse import quote

import httpx

from api.providers.http import basic_credentials
from api.providers.media import MediaSource, places
from api.providers.port import (
    CannotTell,
    EventKind,
    LineAccess,
    ListedMessage,
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
from api.providers.twilio import receive
from api.providers.twilio.backfill import TwilioReceived
from api.providers.twilio.check import TwilioCheck
from api.providers.twilio.credentials import TWILIO
from api.providers.twilio.reconcile import find_message
from api.providers.twilio.send import post_message
from api.settings import Settings

API_HOSTS = ("api.twilio.com",)
STORAGE_HOSTS = ("mms.twiliocdn.com", "media.twiliocdn.com", "s3-external-1.amazonaws.com")
"""Where `MediaUrl` leads with a 307: Twilio's help article on protecting media with HTTP Basic authentication."""


class TwilioProvider:
    """Twilio's wire protocol at `api_url`."""

    description: ClassVar[ProviderDescription] = TWILIO

    def __init__(self, client: httpx.AsyncClient, *, api_url: str, media_hosts: Sequence[str] = ()) -> None:
        self._client = client
        self._api_url = api_url
        storage = (*STORAGE_HOSTS, *media_hosts)
        self._media = MediaSource(client, places(api_url, api_hosts=API_HOSTS, storage_hosts=storage))

    @classmethod
    def from_settings(cls, client: httpx.AsyncClient, settings: Settings) -> Self:
        return cls(client, api_url=settings.twilio_api_url, media_hosts=settings.media_hosts)

    async def check_webhooks(self, line: LineAccess, expected: WebhookAddresses) -> WebhookCheck | ProviderUnreachable:
        return await TwilioCheck(self._client, api_url=self._api_url, line=line, expected=expected).check()

    def is_authentic(self, line: LineAccess, request: WebhookRequest) -> bool:
        return receive.is_authentic(line, request)

    def split_webhook(self, request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
        return receive.split_webhook(request, kind=kind)

    def webhook_answer(self) -> WebhookAnswer:
        """An empty TwiML document: a text/plain body would be texted to the sender."""
        return WebhookAnswer(content_type="text/xml", body=b"<Response/>")

    def read_message(self, body: bytes) -> ReceivedMessage:
        return receive.read_message(body)

    def read_status(self, body: bytes) -> StatusReport:
        return receive.read_status(body)

    async def send(self, line: LineAccess, message: OutgoingMessage) -> SendOutcome:
        return await post_message(self._client, self._messages_url(line), line, message)

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        return await find_message(self._client, self._messages_url(line), line, message)

    async def fetch_media(self, line: LineAccess, url: str) -> MediaOutcome:
        account, token = line.credentials["account_sid"], line.credentials["auth_token"]
        return await self._media.fetch(url, credentials=basic_credentials(account, token))

    async def list_received(self, line: LineAccess, *, since: datetime) -> Sequence[ListedMessage] | CannotTell:
        return await self._received(line).listed(self._messages_url(line), since=since)

    async def received_event(self, line: LineAccess, listed: ListedMessage) -> WebhookEvent | CannotTell:
        return await self._received(line).event(self._messages_url(line), listed)

    def _received(self, line: LineAccess) -> TwilioReceived:
        return TwilioReceived(self._client, api_url=self._api_url, line=line)

    def _messages_url(self, line: LineAccess) -> str:
        account = quote(line.credentials["account_sid"], safe="")
        return f"{self._api_url}/2010-04-01/Accounts/{account}/Messages.json"
