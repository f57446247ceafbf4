"""The base of the adapters: sending, checking and fetching files over HTTP."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import httpx

from api.providers.check import CheckEndedError, Lookup, accepted
from api.providers.http import CONNECTION_FAILURES, classify_failure
from api.providers.media import MediaSource, places
from api.providers.port import (
    CannotTell,
    LineAccess,
    MediaOutcome,
    OutgoingMessage,
    ProviderUnreachable,
    ReconcileOutcome,
    SendOutcome,
    UnknownMessage,
    WebhookAddresses,
    WebhookCheck,
    WebhookFinding,
    refused_destination,
)


class HttpAdapter(ABC):
    """A provider's API at `api_url`. A package's class adds the members of `SmsProvider` that are not here.

    Received files are fetched from `api_url`, from the provider's hosts named here, and from the operator's
    `media_hosts`. Only `api_url` and `API_HOSTS` get the line's credentials.
    """

    API_HOSTS: ClassVar[Sequence[str]] = ()
    STORAGE_HOSTS: ClassVar[Sequence[str]] = ()
    STORAGE_DOMAINS: ClassVar[Sequence[str]] = ()

    def __init__(self, client: httpx.AsyncClient, *, api_url: str, media_hosts: Sequence[str] = ()) -> None:
        self._client = client
        self._api_url = api_url
        self._media = MediaSource(
            client,
            places(
                api_url,
                api_hosts=self.API_HOSTS,
                storage_hosts=(*self.STORAGE_HOSTS, *media_hosts),
                storage_domains=self.STORAGE_DOMAINS,
            ),
        )

    @abstractmethod
    async def post(self, line: LineAccess, message: OutgoingMessage) -> httpx.Response | SendOutcome:
        """POST a message; the outcome if it could not be posted. Raises `CONNECTION_FAILURES`."""

    @staticmethod
    @abstractmethod
    def read_answer(response: httpx.Response) -> SendOutcome:
        """What the answer to a POST proves: accepted, refused for good, certainly not processed, or unknown."""

    async def send(self, line: LineAccess, message: OutgoingMessage) -> SendOutcome:
        if (refused := refused_destination(message)) is not None:
            return refused
        try:
            answer = await self.post(line, message)
        except CONNECTION_FAILURES as error:
            return classify_failure(error)
        return self.read_answer(answer) if isinstance(answer, httpx.Response) else answer

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        """By default the provider's records hold too little to identify the message. Its callbacks identify it."""
        return CannotTell("The provider's records do not say which message is which; its callbacks do.")


class HeaderAuthAdapter(HttpAdapter):
    """A provider that takes the line's credentials as one fixed header of each request."""

    @staticmethod
    @abstractmethod
    def authorization(line: LineAccess) -> Mapping[bytes, bytes]:
        """The header. Bytes, since a mistyped credential may hold more than ASCII."""

    @abstractmethod
    async def inbound_finding(self, lookup: Lookup, line: LineAccess, address: str) -> WebhookFinding:
        """Whether the line's texts go to `address`. Raises `CheckEndedError`."""

    async def check_webhooks(self, line: LineAccess, expected: WebhookAddresses) -> WebhookCheck | ProviderUnreachable:
        """The address for statuses goes along with every text, so it is always set."""
        lookup = Lookup(self._client, self.authorization(line))
        try:
            return accepted(await self.inbound_finding(lookup, line, expected.inbound))
        except CheckEndedError as ended:
            return ended.result

    async def fetch_media(self, line: LineAccess, url: str) -> MediaOutcome:
        return await self._media.fetch(url, credentials=self.authorization(line))
