"""Twilio's adapter.

Wire facts: Twilio's API reference for Messages, its guide to webhook security, and its error dictionary.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Self

import httpx

from api.providers.adapter import HeaderAuthAdapter
from api.providers.check import Lookup
from api.providers.port import (
    CannotTell,
    LineAccess,
    ListedMessage,
    ListedPrice,
    OutgoingMessage,
    ProviderDescription,
    ReconcileOutcome,
    UnknownMessage,
    WebhookAnswer,
    WebhookEvent,
    WebhookFinding,
)
from api.providers.twilio import backfill, check, prices, receive, send
from api.providers.twilio.api import account_url, authorization
from api.providers.twilio.credentials import TWILIO
from api.providers.twilio.reconcile import find_message
from api.settings import Settings


class TwilioProvider(HeaderAuthAdapter):
    """Twilio's wire protocol at `api_url`."""

    description: ClassVar[ProviderDescription] = TWILIO
    webhook_answer: ClassVar[WebhookAnswer] = WebhookAnswer(content_type="text/xml", body=b"<Response/>")
    """An empty TwiML document: a text/plain body would be texted to the sender."""

    API_HOSTS = ("api.twilio.com",)
    STORAGE_HOSTS = ("mms.twiliocdn.com", "media.twiliocdn.com", "s3-external-1.amazonaws.com")
    """`MediaUrl` redirects there: Twilio's help article on protecting media with HTTP Basic authentication."""

    authorization = staticmethod(authorization)
    is_authentic = staticmethod(receive.is_authentic)
    split_webhook = staticmethod(receive.split_webhook)
    read_message = staticmethod(receive.read_message)
    read_status = staticmethod(receive.read_status)
    read_answer = staticmethod(send.read_answer)

    @classmethod
    def from_settings(cls, client: httpx.AsyncClient, settings: Settings) -> Self:
        return cls(client, api_url=settings.twilio_api_url, media_hosts=settings.media_hosts)

    async def post(self, line: LineAccess, message: OutgoingMessage) -> httpx.Response:
        url = f"{account_url(self._api_url, line)}/Messages.json"
        return await self._client.post(url, data=send.form(line, message), headers=authorization(line))

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        return await find_message(self._client, self._api_url, line, message)

    async def inbound_finding(self, lookup: Lookup, line: LineAccess, address: str) -> WebhookFinding:
        return await check.inbound_finding(lookup, self._api_url, line, address)

    async def list_received(self, line: LineAccess, *, since: datetime) -> Sequence[ListedMessage] | CannotTell:
        return await backfill.list_received(self._client, self._api_url, line, since=since)

    async def received_event(self, line: LineAccess, listed: ListedMessage) -> WebhookEvent | CannotTell:
        return await backfill.received_event(self._client, self._api_url, line, listed)

    async def list_prices(
        self, line: LineAccess, *, since: datetime, until: datetime
    ) -> Sequence[ListedPrice] | CannotTell:
        return await prices.list_prices(self._client, self._api_url, line, since=since, until=until)
