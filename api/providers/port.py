"""The port behind which every SMS provider stands, and the values that cross it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from api.kit.phone import is_phone_number
from api.providers.forms import FormFields, form_fields


class ProviderName(StrEnum):
    TWILIO = "twilio"
    TELNYX = "telnyx"
    BANDWIDTH = "bandwidth"
    SIMULATOR = "simulator"


class MessageStatus(StrEnum):
    """Delivery states of a message, the same for every provider."""

    RECEIVED = "received"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


class OptOutSignal(StrEnum):
    """What the provider itself says of the sender's consent, beside or instead of the text."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True)
class LineAccess:
    """What a provider needs to know of a line."""

    line_id: UUID
    phone_number: str
    credentials: Mapping[str, str]


# Receiving.


@dataclass(frozen=True)
class WebhookRequest:
    """A webhook as it came. `url` is the configured public one, never made from `Host`."""

    url: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @cached_property
    def form(self) -> FormFields | None:
        """The body's fields, however many; None where it cannot be read as a form."""
        try:
            return form_fields(self.body, max_fields=None)
        except ValueError:
            return None


class EventKind(StrEnum):
    MESSAGE = "message"
    STATUS = "status"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class WebhookEvent:
    """One event of a webhook, just enough to journal it; it is read whole when it is applied."""

    kind: EventKind
    event_id: str
    phone_number: str | None
    """The other party's."""
    body: bytes
    content_type: str
    message_ref: UUID | None = None
    """Our message's id, where the event itself carries it."""

    @classmethod
    def unreadable(cls, body: bytes, content_type: str) -> "WebhookEvent":
        """What is authentic and not understood: the same bytes are the same event."""
        event_id = f"unreadable:{hashlib.sha256(body).hexdigest()}"
        return cls(EventKind.UNREADABLE, event_id, None, body, content_type)


@dataclass(frozen=True)
class WebhookAnswer:
    """What the provider expects back."""

    content_type: str
    body: bytes


class UnreadableEventError(Exception):
    """A journaled event that cannot be understood. The message says what is missing."""


@dataclass(frozen=True)
class MediaItem:
    url: str
    content_type: str


@dataclass(frozen=True)
class ReceivedMessage:
    provider_message_id: str
    sender: str
    """As the provider names it (`kept_apart`): `sender_of` decides whether it is a phone number (RECV-SENDER)."""
    body: str
    media: Sequence[MediaItem]
    signal: OptOutSignal | None
    provider_time: datetime | None


@dataclass(frozen=True)
class StatusReport:
    provider_message_id: str
    status: MessageStatus | None
    """None: a status of the provider's that changes nothing of ours; it still shows in the timeline."""
    provider_status: str
    """The provider's own word."""
    error_code: str | None
    error_title: str | None
    opted_out: bool
    """The provider refuses because the recipient has stopped."""
    provider_time: datetime | None


# Sending.


@dataclass(frozen=True)
class SendLimits:
    """The longest message that a provider takes. None: it names no such limit."""

    characters: int | None = None
    """Unicode characters of the text."""
    segments: int | None = None
    """Parts of a text without media."""
    media: int = 10


SEND_LIMITS: Mapping[ProviderName, SendLimits] = MappingProxyType(
    {
        ProviderName.TWILIO: SendLimits(characters=1600, media=10),
        ProviderName.TELNYX: SendLimits(segments=10, media=10),
        ProviderName.BANDWIDTH: SendLimits(characters=2048, media=10),
        ProviderName.SIMULATOR: SendLimits(characters=1600, media=10),
    }
)
"""Of `Body` in Twilio's API reference, of `text` in Bandwidth's; Telnyx's guide to long messages. Twilio and Telnyx
take ten files. Bandwidth names no number; ten is the product's own."""


@dataclass(frozen=True)
class OutgoingMessage:
    message_id: UUID
    to: str
    """A phone number in its one spelling. Adapters post nothing to anything else: `refused_destination`."""
    body: str
    media_urls: Sequence[str]
    status_callback_url: str


@dataclass(frozen=True)
class Accepted:
    """The provider has it. `status` may be a failure already, with the provider's `code`: it is final, and never
    retried, since the provider has a record of the message under its id."""

    provider_message_id: str
    status: MessageStatus
    detail: str | None = None
    code: str | None = None
    title: str | None = None
    opted_out: bool = False
    """It failed because the recipient has stopped."""

    @classmethod
    def carrying(
        cls, provider_message_id: str, status: MessageStatus, *, code: str | None, title: str | None, opted_out: bool
    ) -> "Accepted":
        """An acceptance with an error in it. One that says that the recipient has opted out has failed, whatever its
        status says."""
        if opted_out and status is MessageStatus.SENT:
            status = MessageStatus.FAILED
        return cls(provider_message_id, status, code=code, title=title, opted_out=opted_out)


@dataclass(frozen=True)
class Rejected:
    """The provider refused it for good."""

    code: str
    title: str
    opted_out: bool = False


@dataclass(frozen=True)
class NotProcessed:
    """It certainly never was processed: it may be tried again."""

    detail: str
    retry_after_seconds: float | None = None
    code: str | None = None


@dataclass(frozen=True)
class OutcomeUnknown:
    """It may or may not have been accepted: never resent, reconciled instead."""

    detail: str


def refused_destination(message: OutgoingMessage) -> Rejected | None:
    """Why a message may not be posted, unless it goes to a phone number in its one spelling (RECV-SENDER)."""
    if is_phone_number(message.to):
        return None
    return Rejected("not_a_phone_number", "What this was to be sent to is not a phone number.")


SendOutcome = Accepted | Rejected | NotProcessed | OutcomeUnknown


@dataclass(frozen=True)
class Found:
    """The provider's own record of a message whose outcome was unknown."""

    report: StatusReport


@dataclass(frozen=True)
class NotFoundAtProvider:
    """The provider answered, and has no such message."""


@dataclass(frozen=True)
class CannotTell:
    """The provider could not be asked, or its records leave more than one candidate."""

    detail: str


ReconcileOutcome = Found | Rejected | NotFoundAtProvider | CannotTell
"""`Rejected`: the provider never accepted it, and now refuses it for good."""


@dataclass(frozen=True)
class UnknownMessage:
    """What is known of a message whose outcome is not."""

    message_id: UUID
    to: str
    body: str
    claimed_at: datetime
    known_provider_ids: frozenset[str] = field(default_factory=frozenset)
    """Provider ids to this number that already belong to other messages of ours."""
    twins_claimed_at: Sequence[datetime] = ()
    """When others of ours with the same words to the same number were claimed whose outcome is not known either."""
    repeat: OutgoingMessage | None = None
    """The message as it was handed over, where a provider that knows a repetition for one may be handed it again.

    None: it may not, since it would arrive against the recipient's will, late or out of order if it is the first
    that the provider sees of it.
    """


class SmsProvider(Protocol):
    """One provider. Implementations hold no state of a line: everything they need is passed. What credentials were
    exchanged for may be kept in memory, by those credentials."""

    name: ProviderName
    credential_fields: Mapping[str, bool]
    """Each field of the credentials, and whether it is always required."""
    answers_keywords: bool
    """Whether it answers STOP, START and HELP itself. Where it does not, its lines do (OPTIN-CONFIRM)."""

    def malformed_credentials(self, credentials: Mapping[str, str]) -> Mapping[str, str]:
        """The fields that cannot be right, each with what it should look like, and those that lack beside others.

        `credentials` have every field that is always required, and none that is not the provider's.
        """
        ...

    def is_authentic(self, line: LineAccess, request: WebhookRequest) -> bool:
        """Whether the webhook really comes from the provider (RECV-AUTHENTIC). Never raises."""
        ...

    def split_webhook(self, request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
        """The events of an authentic webhook, whichever address it came to. Never raises.

        What cannot be read, and what has more parts than any provider sends, comes as `EventKind.UNREADABLE`. `kind`
        is what the address is for: a hint for what could be either.
        """
        ...

    def webhook_answer(self) -> WebhookAnswer: ...

    def read_message(self, body: bytes) -> ReceivedMessage:
        """Raises `UnreadableEventError`."""
        ...

    def read_status(self, body: bytes) -> StatusReport:
        """Raises `UnreadableEventError`."""
        ...

    async def send(self, line: LineAccess, message: OutgoingMessage) -> SendOutcome:
        """Hand the message over, once. Never raises for anything the network or the provider does.

        Nothing is posted to what is not a phone number: the answer is `refused_destination`.
        """
        ...

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome: ...


# What a provider may be able to do besides.


@dataclass(frozen=True)
class ListedMessage:
    """A text to one of our lines, as the provider's own list has it."""

    event_id: str
    """That of its webhook, so that one that comes late is the same event (RECV-ONCE)."""
    provider_message_id: str
    at: datetime
    record: Mapping[str, Any]
    """The provider's own words."""


@runtime_checkable
class ListsReceived(Protocol):
    """It keeps a list of what was texted to a line, in which webhooks that never came can be found."""

    async def list_received(self, line: LineAccess, *, since: datetime) -> Sequence[ListedMessage] | CannotTell:
        """What the line has received since then, in any order; never a part of it."""
        ...

    async def received_event(self, line: LineAccess, listed: ListedMessage) -> WebhookEvent | CannotTell:
        """What the webhook of a listed message would have been."""
        ...


@dataclass(frozen=True)
class FetchedMedia:
    """A file as it came. What the other side calls it is nobody's business: its kind is read from its bytes."""

    content: bytes


class MediaRefusal(StrEnum):
    """Why a file is not fetched, however often one tries."""

    ADDRESS = "address"
    """It is not where the provider keeps files, or leads there."""
    TOO_LARGE = "too_large"
    GONE = "gone"
    """The provider has no such file, or no longer."""


@dataclass(frozen=True)
class MediaRefused:
    reason: MediaRefusal
    detail: str


@dataclass(frozen=True)
class MediaUnavailable:
    """It could not be fetched now: it may be tried again."""

    detail: str
    is_unauthorized: bool = False
    """The provider did not take the credentials that were shown to it."""


MediaOutcome = FetchedMedia | MediaRefused | MediaUnavailable

MAX_MEDIA_BYTES = 5 * 1024 * 1024
"""Of one file: what Twilio takes for a whole message, and more than Telnyx or Bandwidth pass on."""


@runtime_checkable
class FetchesMedia(Protocol):
    """It keeps the files of received messages at addresses from which they can be fetched."""

    async def fetch_media(self, line: LineAccess, url: str) -> MediaOutcome:
        """The file at an address that a received message named. Nothing else is ever asked, and the line's
        credentials go to nobody but the provider. Never raises for anything the network or the other side does."""
        ...


class WebhookState(StrEnum):
    SET = "set"
    ELSEWHERE = "elsewhere"
    """Set, but not to our address, or so that we cannot read what comes."""
    MISSING = "missing"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class WebhookFinding:
    """What the provider has set for one of a line's two addresses."""

    state: WebhookState
    detail: str
    """For a person, with what to do about it."""
    address: str | None = None
    """What is set instead of ours."""


class CredentialsState(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class WebhookCheck:
    credentials: CredentialsState
    inbound: WebhookFinding
    status: WebhookFinding


@dataclass(frozen=True)
class ProviderUnreachable:
    """The provider could not be asked, now. It says nothing of the line."""

    detail: str


@dataclass(frozen=True)
class WebhookAddresses:
    """Where a line's webhooks are to go."""

    inbound: str
    status: str


@runtime_checkable
class ChecksWebhooks(Protocol):
    """It can be asked what is set at the provider. Nothing is changed there, and nobody is texted."""

    async def check_webhooks(
        self, line: LineAccess, expected: WebhookAddresses
    ) -> WebhookCheck | ProviderUnreachable: ...
