"""Bandwidth's adapter.

Wire facts: Bandwidth's API reference for messaging, its guides to webhooks and rate limits, and its list of
messaging errors.
"""

from collections.abc import Sequence
from typing import ClassVar, Self
from urllib.parse import quote

import httpx

from api.providers.adapter import HttpAdapter
from api.providers.bandwidth import receive, send
from api.providers.bandwidth.access import BandwidthAccess, TokenRefused, TokenUnavailable
from api.providers.bandwidth.credentials import BANDWIDTH
from api.providers.bandwidth.errors import ERRORS
from api.providers.check import accepted, ask, cannot_tell, refused, refused_credentials
from api.providers.port import (
    LineAccess,
    MediaOutcome,
    MediaUnavailable,
    NotProcessed,
    OutgoingMessage,
    ProviderDescription,
    ProviderUnreachable,
    Rejected,
    SendOutcome,
    WebhookAddresses,
    WebhookAnswer,
    WebhookCheck,
)
from api.settings import Settings


class BandwidthProvider(HttpAdapter):
    """Bandwidth's wire protocol at `api_url`. API credentials are exchanged for a token at `token_url`.

    Its records hold neither text nor tag: only a callback, which carries the tag and is repeated for 24 hours until it
    is answered, resolves an unknown outcome.
    """

    description: ClassVar[ProviderDescription] = BANDWIDTH
    webhook_answer: ClassVar[WebhookAnswer] = WebhookAnswer(content_type="application/json", body=b"{}")

    API_HOSTS = ("messaging.bandwidth.com",)
    """Bandwidth's files are there, behind the account's credentials: its guide to media."""

    is_authentic = staticmethod(receive.is_authentic)
    split_webhook = staticmethod(receive.split_webhook)
    read_message = staticmethod(receive.read_message)
    read_status = staticmethod(receive.read_status)
    read_answer = staticmethod(send.read_answer)

    def __init__(
        self, client: httpx.AsyncClient, *, api_url: str, token_url: str, media_hosts: Sequence[str] = ()
    ) -> None:
        super().__init__(client, api_url=api_url, media_hosts=media_hosts)
        self._access = BandwidthAccess(client, token_url=token_url)

    @classmethod
    def from_settings(cls, client: httpx.AsyncClient, settings: Settings) -> Self:
        return cls(
            client,
            api_url=settings.bandwidth_api_url,
            token_url=settings.bandwidth_token_url,
            media_hosts=settings.media_hosts,
        )

    async def post(self, line: LineAccess, message: OutgoingMessage) -> httpx.Response | SendOutcome:
        async def post(authorization: str) -> httpx.Response:
            headers = {"Authorization": authorization, "Content-Type": "application/json; charset=utf-8"}
            return await self._client.post(
                self._messages_url(line), json=send.request_body(line, message), headers=headers
            )

        answer = await self._access.ask(line.credentials, post, is_unauthorized=_is_unauthorized)
        match answer:
            case TokenRefused():
                return Rejected(code="unauthorized", title=ERRORS.title("unauthorized"))
            case TokenUnavailable():
                return NotProcessed(answer.detail, retry_after_seconds=answer.retry_after_seconds)
        return answer

    async def check_webhooks(self, line: LineAccess, expected: WebhookAddresses) -> WebhookCheck | ProviderUnreachable:
        """Read the newest text from the line's number, which checks the credentials alone.

        An application's callback addresses are in another API, for users with another role than messaging.
        """

        async def request(authorization: str) -> httpx.Response | ProviderUnreachable:
            params = {"sourceTn": line.phone_number, "limit": "1"}
            headers = {"Authorization": authorization}
            return await ask(self._client, self._messages_url(line), params=params, headers=headers)

        answer = await self._access.ask(line.credentials, request, is_unauthorized=_is_unauthorized)
        match answer:
            case TokenRefused():
                return refused_credentials()
            case TokenUnavailable():
                return ProviderUnreachable(answer.detail)
            case ProviderUnreachable():
                return answer
        if answer.status_code != 200:
            return refused(answer)
        where = "Open this line's application in the Bandwidth App and compare its"
        why = "Bandwidth does not say this to a messaging user."
        return accepted(
            cannot_tell(f"{why} {where} callback URL for inbound messages."),
            cannot_tell(f"{why} {where} status callback URL."),
        )

    async def fetch_media(self, line: LineAccess, url: str) -> MediaOutcome:
        async def fetch(authorization: str) -> MediaOutcome:
            return await self._media.fetch(url, credentials={b"Authorization": authorization.encode()})

        answer = await self._access.ask(
            line.credentials,
            fetch,
            is_unauthorized=lambda outcome: isinstance(outcome, MediaUnavailable) and outcome.is_unauthorized,
        )
        match answer:
            case TokenRefused():
                return MediaUnavailable(ERRORS.title("unauthorized"), is_unauthorized=True)
            case TokenUnavailable():
                return MediaUnavailable(answer.detail)
        return answer

    def _messages_url(self, line: LineAccess) -> str:
        return f"{self._api_url}/api/v2/users/{quote(line.credentials['account_id'], safe='')}/messages"


def _is_unauthorized(answer: httpx.Response | ProviderUnreachable) -> bool:
    return isinstance(answer, httpx.Response) and answer.status_code == 401
