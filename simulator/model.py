"""What a carrier knows: accounts, the numbers they rent, handsets, and the texts between the two."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import AliasChoices, Field


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


class Failure(StrEnum):
    """Why a text did not arrive."""

    OFF = "off"
    LANDLINE = "landline"
    UNREACHABLE = "unreachable"
    OPTED_OUT = "opted_out"


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


E164 = re.compile(r"\+[1-9]\d{6,14}")

FINAL = frozenset({Status.DELIVERED, Status.UNDELIVERED, Status.RECEIVED})


def _new_signing_key() -> str:
    return secrets.token_hex(32)


ProfileId = Annotated[str | None, Field(validation_alias=AliasChoices("profile_id", "messaging_service_sid"))]
"""State files of earlier versions have it under Twilio's name."""


@dataclass(slots=True, kw_only=True)
class Account:
    """A business at a provider. `sid` is the provider's name for it."""

    sid: str
    auth_token: str
    """What its requests prove themselves with: an auth token, an API key or a password."""

    wire: str = "twilio"
    username: str | None = None
    """The user of its requests, where that is not `sid`."""

    client_id: str | None = None
    client_secret: str | None = None
    """What it may exchange for a token, at providers that give some."""

    signing_key: str = field(default_factory=_new_signing_key)
    """32 bytes in hex, for webhooks that are signed with a private key."""

    callback_username: str | None = None
    callback_password: str | None = None
    """What webhooks prove themselves with where the provider signs none."""


@dataclass(slots=True, kw_only=True)
class Profile:
    """Lines that share settings: Twilio's Messaging Service, Telnyx's messaging profile, Bandwidth's application."""

    id: str
    account_sid: str
    label: str = ""
    inbound_url: str | None = None
    status_url: str | None = None
    fallback_url: str | None = None
    use_line_urls: bool = True
    """Texts are reported to the line's own address, if it has one."""


@dataclass(slots=True, kw_only=True)
class Line:
    phone_number: str
    sid: str
    account_sid: str
    inbound_url: str | None = None
    status_url: str | None = None
    fallback_url: str | None = None
    """Where webhooks go that their own address does not take, at providers that try another."""

    label: str = ""
    country: str = "US"
    kind: LineKind = LineKind.LONG_CODE
    profile_id: ProfileId = None
    keywords: Keywords = Keywords.CARRIER
    advanced_opt_out: bool = False
    wire: str = "twilio"
    created_at: float = 0.0

    @property
    def sender(self) -> str:
        """What a handset unsubscribes from: the whole profile where the line is in one."""
        return self.profile_id or self.phone_number


@dataclass(slots=True, kw_only=True)
class Handset:
    phone_number: str
    name: str = ""
    state: HandsetState = HandsetState.ON


@dataclass(slots=True, kw_only=True)
class Media:
    id: str
    url: str
    """Where the business finds it, or gave it."""

    content_type: str
    size: int | None = None
    """Bytes; unknown for what the carrier does not hold."""

    stored: bool = False
    """The carrier holds it and shows it on the handset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A text that a business, or the network itself, hands over for delivery."""

    to: str
    body: str
    media_urls: Sequence[str] = ()
    status_callback: str | None = None
    fallback_callback: str | None = None
    """Where reports go that `status_callback` does not answer."""

    tag: str | None = None
    """The business's own name for it, repeated in reports."""

    profile_id: str | None = None
    picks_sender: bool = False
    """It was handed to a profile, which chooses the line a moment later."""

    direction: Direction = Direction.OUTBOUND_API
    failure: Failure | None = None
    """Why it will not arrive, if that is certain already."""


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
    fallback_callback: str | None = None
    """Where reports of its fate go that `status_callback` does not take."""

    tag: str | None = None
    """The business's own word for it, repeated in reports."""

    profile_id: ProfileId = None
    sent_at: float | None = None
    delivered_at: float | None = None
    failure: Failure | None = None
    """Known from the beginning for what will not arrive whatever the handset does."""

    failure_code: int | None = None
    """The provider's code that a fault asked for."""

    failed_at_once: bool = False
    """A fault had it fail as it was accepted."""

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

    def failure_in(self, codes: Mapping[Failure, int]) -> int | None:
        """The provider's code for why it did not arrive. `codes` are those of the failures."""
        if self.failure_code is not None:
            return self.failure_code
        return codes[self.failure] if self.failure else None

    @property
    def on_handset(self) -> bool:
        """Whether it shows on the handset: the person wrote it, or it has arrived."""
        return self.inbound or self.status is Status.DELIVERED

    @property
    def on_handset_at(self) -> float:
        return self.created_at if self.inbound else (self.delivered_at or self.created_at)
