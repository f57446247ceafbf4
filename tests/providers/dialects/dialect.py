"""What the tests must know of a provider to play its part: how it words and signs its webhooks, and how it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Protocol
from uuid import UUID

import httpx

from api.providers.port import (
    EventKind,
    LineAccess,
    MessageStatus,
    OptOutSignal,
    SmsProvider,
    WebhookRequest,
)
from api.providers.registry import ProviderName
from tests.providers.peer import Answer, Request

LINE_NUMBER = "+13125550100"
PARENT = "+13125550147"
BASE = "https://text.example.com/webhooks/line"


@dataclass(frozen=True)
class Webhook:
    """A webhook on the wire. Names of headers are in lower case."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def request(self) -> WebhookRequest:
        return WebhookRequest(url=self.url, headers=self.headers, body=self.body)

    def with_header(self, name: str, value: str | None) -> "Webhook":
        """The same with another value of a header; None: without it."""
        headers = {**self.headers, name: value} if value is not None else self.headers
        return replace(self, headers={key: each for key, each in headers.items() if key != name or value is not None})


@dataclass(frozen=True)
class Arriving:
    """A parent's text, as a provider is to report it."""

    message_id: str = "message-1"
    sender: str = PARENT
    text: str = "Kia ora! Is class on? 🤸"
    media: Sequence[tuple[str, str]] = ()
    """Each one's address and kind of content."""
    signal: OptOutSignal | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """Fields that nobody has heard of."""


@dataclass(frozen=True)
class Reporting:
    """What a provider is to say of a text of ours."""

    word: str
    """Of the dialect's `words`."""
    message_id: str = "message-1"
    to: str = PARENT
    error_code: str | None = None
    ref: UUID | None = None
    """Our message's id, where the provider gives it back."""


@dataclass(frozen=True)
class Posted:
    """What a provider makes of a text that was handed over to it."""

    sender: str
    to: str
    text: str
    media: Sequence[str]
    callback_url: str | None
    ref: UUID | None
    authorization: str


class Dialect(Protocol):
    name: ProviderName
    credentials: Mapping[str, str]
    mistyped: Mapping[str, str]
    """For each field with a form, what has not got it."""
    words: Mapping[str, MessageStatus]
    """The provider's words for the states of a text of ours, and what each must mean."""
    failed_word: str
    opted_out_code: str
    landline_code: str
    queue_full_code: str
    second_credentials: Mapping[str, str]
    """What is set beside `credentials` while what the provider signs with is rotated."""
    signs_content: bool
    """Whether an altered body is known for what it is. Where credentials are all there is, it is not."""
    signature_headers: Sequence[str]
    media_api: str
    """The provider's own host from which files are fetched."""
    media_storage: str
    """Where it leads to; the same host where it leads nowhere."""

    @property
    def media_authorization(self) -> str | None:
        """What a request for a file must carry, as the provider's documents have it."""
        ...

    def provider(self, client: httpx.AsyncClient, url: str) -> SmsProvider:
        """The adapter, talking to a peer at `url`."""
        ...

    def signed(self, url: str, body: bytes) -> Webhook:
        """Any body at all, signed as the provider signs."""
        ...

    def signed_by_another(self, url: str, body: bytes) -> Webhook:
        """The same, with what belongs to another account of the provider's."""
        ...

    def signed_with_second(self, url: str, body: bytes) -> Webhook:
        """The same, with `second_credentials`."""
        ...

    def oddly_signed(self, webhook: Webhook, chance: Random) -> Webhook:
        """The same body, signed by the line's own account, but in an odd spelling or at an odd time."""
        ...

    def arrival(self, arriving: Arriving, *, url: str = f"{BASE}/inbound") -> Webhook: ...

    def report(self, reporting: Reporting, *, url: str = f"{BASE}/status") -> Webhook: ...

    def judged_authentic(self, webhook: Webhook) -> bool:
        """What the provider's own SDK says."""
        ...

    def accepts(self, message_id: str) -> Answer: ...

    def accepts_failed(self, message_id: str, code: str) -> Answer:
        """Accepted, under an id, and failed already."""
        ...

    def refuses(self, status: int, code: str | None, words: str = "The provider's own words") -> Answer: ...

    def posted(self, request: Request) -> Posted:
        """Reads a request as the provider would; fails for one that it would refuse."""
        ...


def line_of(dialect: Dialect, **credentials: str) -> LineAccess:
    """A line of the provider's; some of its credentials may be others than the dialect's."""
    return LineAccess(UUID(int=1), LINE_NUMBER, {**dialect.credentials, **credentials})


KINDS = {EventKind.MESSAGE: "inbound", EventKind.STATUS: "status"}
