"""Values of sending: a message, what its POST proved, and what reconciliation found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from api.kit.phone import is_phone_number
from api.providers.port.receiving import LaterEvent, StatusReport
from api.providers.port.status import MessageStatus


@dataclass(frozen=True)
class MediaLimits:
    """The bytes of files that arrive with one text. Providers take more than the carriers behind them deliver."""

    long_code: int
    toll_free: int
    short_code: int

    def of(self, line_kind: str) -> int:
        """`line_kind`: the value of a `LineKind`."""
        return {"toll_free": self.toll_free, "short_code": self.short_code}.get(line_kind, self.long_code)


@dataclass(frozen=True)
class SendLimits:
    """The longest message that a provider takes. None: it names no such limit."""

    characters: int | None = None
    """Unicode characters of the text."""
    segments: int | None = None
    """Parts of a text without media."""
    media: int = 10
    """Files."""
    media_bytes: MediaLimits = MediaLimits(long_code=1_000_000, toll_free=525_000, short_code=600_000)
    """Of all files together. The default is what the large carriers of the United States deliver."""


@dataclass(frozen=True)
class OutgoingMessage:
    message_id: UUID
    to: str
    """A phone number in its one spelling. Adapters post nothing to anything else: `refused_destination`."""
    body: str
    media_urls: Sequence[str]
    status_callback_url: str
    attempt: int = 1
    """How often it has been handed over, this time included."""
    is_automatic: bool = False
    """Nobody typed it: it answers a keyword, or a text outside opening hours."""


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
    later: Sequence[LaterEvent] = ()
    """What a built-in carrier reports later. Other providers send webhooks."""


@dataclass(frozen=True)
class Rejected:
    """The provider refused it for good."""

    code: str
    title: str
    opted_out: bool = False


@dataclass(frozen=True)
class NotProcessed:
    """The provider certainly did not process it. It may be sent again."""

    detail: str
    retry_after_seconds: float | None = None
    code: str | None = None


@dataclass(frozen=True)
class OutcomeUnknown:
    """The provider may have accepted it. It is reconciled, never resent."""

    detail: str


def refused_destination(message: OutgoingMessage) -> Rejected | None:
    """The refusal of a message that does not go to a phone number in its one spelling (RECV-SENDER), else None."""
    if is_phone_number(message.to):
        return None
    return Rejected("not_a_phone_number", "What this was to be sent to is not a phone number.")


SendOutcome = Accepted | Rejected | NotProcessed | OutcomeUnknown


@dataclass(frozen=True)
class Found:
    """The provider's own record of a message whose outcome was unknown."""

    report: StatusReport
    later: Sequence[LaterEvent] = ()
    """As in `Accepted`."""


@dataclass(frozen=True)
class NotFoundAtProvider:
    """The provider answered, and has no such message."""


@dataclass(frozen=True)
class CannotTell:
    """The provider could not be asked, or its records have more than one candidate."""

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
    duplicates_claimed_at: Sequence[datetime] = ()
    """When duplicate texts of ours to the number were claimed whose outcome is unknown too."""
    repeat: OutgoingMessage | None = None
    """The message as it was posted, if a provider that recognizes a repetition may get it again.

    None if it may not: it would arrive against the recipient's will, late or out of order, should the provider not
    have it yet.
    """
