"""What an adapter does. `SmsProvider` is required; each protocol after it is a further ability."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Protocol, runtime_checkable

from api.providers.port.checking import ProviderUnreachable, WebhookAddresses, WebhookCheck
from api.providers.port.description import ProviderDescription
from api.providers.port.line import LineAccess
from api.providers.port.media import MediaOutcome
from api.providers.port.receiving import (
    EventKind,
    ListedMessage,
    ListedPrice,
    ReceivedMessage,
    StatusReport,
    WebhookAnswer,
    WebhookEvent,
    WebhookRequest,
)
from api.providers.port.sending import CannotTell, OutgoingMessage, ReconcileOutcome, SendOutcome, UnknownMessage


class SmsProvider(Protocol):
    """One provider. An adapter keeps no state of a line. It may cache what credentials were exchanged for, by those
    credentials."""

    description: ClassVar[ProviderDescription]
    webhook_answer: ClassVar[WebhookAnswer]
    """The body of a 2xx answer to a webhook."""

    def is_authentic(self, line: LineAccess, request: WebhookRequest) -> bool:
        """Whether the webhook comes from the line's account at the provider (RECV-AUTHENTIC). Never raises."""
        ...

    def split_webhook(self, request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
        """The events of an authentic webhook, whichever of the line's addresses it came to. Never raises.

        A body that cannot be read, or has more parts than any provider sends, is one event of kind `UNREADABLE`.
        `kind` is the address's purpose; it decides only for an event that could be either.
        """
        ...

    def read_message(self, body: bytes) -> ReceivedMessage:
        """Raises `UnreadableEventError`."""
        ...

    def read_status(self, body: bytes) -> StatusReport:
        """Raises `UnreadableEventError`."""
        ...

    async def send(self, line: LineAccess, message: OutgoingMessage) -> SendOutcome:
        """POST the message once. Never raises for anything that the network or the provider does.

        Returns `refused_destination(message)` without a POST if the recipient is not a phone number.
        """
        ...

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        """Find out what became of a message whose outcome is unknown. Never raises, and never texts twice."""
        ...


@runtime_checkable
class ListsReceived(Protocol):
    """The provider lists what a line received, so that texts without a webhook can be found (backfill)."""

    async def list_received(self, line: LineAccess, *, since: datetime) -> Sequence[ListedMessage] | CannotTell:
        """Every message that the line has received since then, in any order. Never a part of the list."""
        ...

    async def received_event(self, line: LineAccess, listed: ListedMessage) -> WebhookEvent | CannotTell:
        """The event that the listed message's webhook would have carried."""
        ...


@runtime_checkable
class ListsPrices(Protocol):
    """The provider names in a list of sent messages, and nowhere sooner, what each has cost (COST)."""

    async def list_prices(
        self, line: LineAccess, *, since: datetime, until: datetime
    ) -> Sequence[ListedPrice] | CannotTell:
        """What the line's messages cost that were sent between these times, as far as the provider knows it yet."""
        ...


@runtime_checkable
class FetchesMedia(Protocol):
    """The provider stores the files of received messages."""

    async def fetch_media(self, line: LineAccess, url: str) -> MediaOutcome:
        """The file at an address that a received message named. Never raises for what the network or the peer does.

        Only the provider's own hosts are contacted, and only they get the line's credentials.
        """
        ...


@runtime_checkable
class ChecksWebhooks(Protocol):
    """The provider says which webhook addresses are set. A check changes nothing there and texts nobody."""

    async def check_webhooks(
        self, line: LineAccess, expected: WebhookAddresses
    ) -> WebhookCheck | ProviderUnreachable: ...
