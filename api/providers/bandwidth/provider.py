"""Bandwidth's adapter.

Wire facts: Bandwidth's API reference for messaging, its guides to webhooks and rate limits, and its list of
messaging errors.
"""

from collections.abc import Sequence
from typing import ClassVar, Self
from urllib.parse import quote

import httpx

from api.providers.bandwidth import receive
from api.providers.bandwidth.access import BandwidthAccess, TokenRefused, TokenUnavailable
from api.providers.bandwidth.credentials import BANDWIDTH
from api.providers.bandwidth.errors import error_title
from api.providers.bandwidth.send import message_body, outcome_of
from api.providers.check import accepted, ask, cannot_tell, refused, refused_credentials
from api.providers.http import CONNECTION_FAILURES, classify_failure
from api.providers.media import MediaSource, places
from api.providers.port import (
    CannotTell,
    EventKind,
    LineAccess,
    MediaOutcome,
    MediaUnavailable,
    NotProcessed,
    OutgoingMessage,
    ProviderDescription,
    ProviderUnreachable,
    ReceivedMessage,
    ReconcileOutcome,
    Rejected,
    SendOutcome,
    StatusReport,
    UnknownMessage,
    WebhookAddresses,
    WebhookAnswer,
    WebhookCheck,
    WebhookEvent,
    WebhookRequest,
    refused_destination,
)
from api.settings import Settings

API_HOSTS = ("messaging.bandwidth.com",)
"""Where Bandwidth's files are, behind the account's credentials: its guide to media."""


class BandwidthProvider:
    """Bandwidth's wire protocol at `api_url`. API credentials are exchanged for a token at `token_url`."""

    description: ClassVar[ProviderDescription] = BANDWIDTH

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        api_url: str,
        token_url: str,
        media_hosts: Sequence[str] = (),
    ) -> None:
        self._client = client
        self._api_url = api_url
        self._access = BandwidthAccess(client, token_url=token_url)
        self._media = MediaSource(client, places(api_url, api_hosts=API_HOSTS, storage_hosts=media_hosts))

    @classmethod
    def from_settings(cls, client: httpx.AsyncClient, settings: Settings) -> Self:
        return cls(
            client,
            api_url=settings.bandwidth_api_url,
            token_url=settings.bandwidth_token_url,
            media_hosts=settings.media_hosts,
        )

    async def check_webhooks(self, line: LineAccess, expected: WebhookAddresses) -> WebhookCheck | ProviderUnreachable:
        """Read the newest text from the line's number, which checks the credentials alone.

        An application's callback addresses are in another API, for users with another role than messaging.
        """

        async def request(authorization: str) -> httpx.Response | ProviderUnreachable:
            return await ask(
                self._client,
                self._messages_url(line),
                params={"sourceTn": line.phone_number, "limit": "1"},
                headers={"Authorization": authorization},
            )

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

    def is_authentic(self, line: LineAccess, request: WebhookRequest) -> bool:
        return receive.is_authentic(line, request)

    def split_webhook(self, request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
        return receive.split_webhook(request)

    def webhook_answer(self) -> WebhookAnswer:
        return WebhookAnswer(content_type="application/json", body=b"{}")

    def read_message(self, body: bytes) -> ReceivedMessage:
        return receive.read_message(body)

    def read_status(self, body: bytes) -> StatusReport:
        return receive.read_status(body)

    async def send(self, line: LineAccess, message: OutgoingMessage) -> SendOutcome:
        if (refused := refused_destination(message)) is not None:
            return refused

        async def post(authorization: str) -> httpx.Response:
            return await self._client.post(
                self._messages_url(line),
                content=message_body(line, message),
                headers={"Authorization": authorization, "Content-Type": "application/json; charset=utf-8"},
            )

        try:
            answer = await self._access.ask(line.credentials, post, is_unauthorized=_is_unauthorized)
        except CONNECTION_FAILURES as error:
            return classify_failure(error)
        match answer:
            case TokenRefused():
                return Rejected(code="unauthorized", title=error_title("unauthorized"))
            case TokenUnavailable():
                return NotProcessed(answer.detail, retry_after_seconds=answer.retry_after_seconds)
        return outcome_of(answer)

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
                return MediaUnavailable(error_title("unauthorized"), is_unauthorized=True)
            case TokenUnavailable():
                return MediaUnavailable(answer.detail)
        return answer

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        """Bandwidth's records hold neither text nor tag, so no record identifies this message.

        A callback resolves it: each carries the tag, and is repeated for 24 hours until it is answered.
        """
        return CannotTell("The provider's records do not say which message is which; its callbacks do.")

    def _messages_url(self, line: LineAccess) -> str:
        return f"{self._api_url}/api/v2/users/{quote(line.credentials['account_id'], safe='')}/messages"


def _is_unauthorized(answer: httpx.Response | ProviderUnreachable) -> bool:
    return isinstance(answer, httpx.Response) and answer.status_code == 401
