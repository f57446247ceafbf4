"""What a carrier knows: accounts, the numbers they rent, handsets, and the texts between the two."""

from dataclasses import dataclass, field
from enum import StrEnum


class LineKind(StrEnum):
    LONG_CODE = "long_code"
    TOLL_FREE = "toll_free"
    SHORT_CODE = "short_code"


class Keywords(StrEnum):
    """Who answers STOP, START and HELP on a line."""

    CARRIER = "carrier"
    APP = "app"


class HandsetState(StrEnum):
    ON = "on"
    OFF = "off"
    LANDLINE = "landline"
    UNREACHABLE = "unreachable"


class Direction(StrEnum):
    INBOUND = "inbound"
    """From a handset to a line."""

    OUTBOUND_API = "outbound-api"
    """From a line to a handset, asked for by a request."""

    OUTBOUND_REPLY = "outbound-reply"
    """From a line to a handset, asked for by the answer to a webhook."""

    CARRIER = "carrier"
    """A keyword's confirmation from the network. Accounts do not see it in their list of messages."""


class Status(StrEnum):
    ACCEPTED = "accepted"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    RECEIVED = "received"


FINAL = frozenset({Status.DELIVERED, Status.UNDELIVERED, Status.RECEIVED})


@dataclass(slots=True, kw_only=True)
class Account:
    sid: str
    auth_token: str
    wire: str = "twilio"


@dataclass(slots=True, kw_only=True)
class Line:
    phone_number: str
    sid: str
    account_sid: str
    inbound_url: str | None = None
    status_url: str | None = None
    label: str = ""
    country: str = "US"
    kind: LineKind = LineKind.LONG_CODE
    messaging_service_sid: str | None = None
    keywords: Keywords = Keywords.CARRIER
    advanced_opt_out: bool = False
    wire: str = "twilio"
    created_at: float = 0.0

    @property
    def sender(self) -> str:
        """What a handset unsubscribes from: the whole messaging service where the line is in one."""
        return self.messaging_service_sid or self.phone_number


@dataclass(slots=True, kw_only=True)
class Handset:
    phone_number: str
    name: str = ""
    state: HandsetState = HandsetState.ON


@dataclass(slots=True, kw_only=True)
class Media:
    id: str
    url: str
    content_type: str


@dataclass(slots=True, kw_only=True)
class Message:
    """One text. `number` counts all texts of this carrier. Times are seconds since the epoch."""

    number: int
    sid: str
    account_sid: str
    line: str
    handset: str
    direction: Direction
    body: str
    status: Status
    created_at: float
    updated_at: float
    wire: str = "twilio"
    media: list[Media] = field(default_factory=list)
    segments: int = 1
    status_callback: str | None = None
    messaging_service_sid: str | None = None
    sent_at: float | None = None
    delivered_at: float | None = None
    failure: HandsetState | None = None
    opt_out_type: str | None = None
    past: bool = False
    """It was exchanged before this carrier ran; nobody handed it over."""

    @property
    def inbound(self) -> bool:
        return self.direction is Direction.INBOUND

    @property
    def sender(self) -> str:
        return self.handset if self.inbound else self.line

    @property
    def recipient(self) -> str:
        return self.line if self.inbound else self.handset

    @property
    def on_handset(self) -> bool:
        """Whether it shows on the handset: the person wrote it, or it has arrived."""
        return self.inbound or self.status is Status.DELIVERED

    @property
    def on_handset_at(self) -> float:
        return self.created_at if self.inbound else (self.delivered_at or self.created_at)
