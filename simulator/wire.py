"""The interface of a provider's wire protocol towards the carrier, which speaks none itself."""

import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass

import httpx

from simulator.model import Account, LineKind, Media, Message
from simulator.settings import Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What a webhook is built for: this attempt to post it."""

    account: Account
    country: str
    """Of the line."""

    addresses: tuple[str, ...]
    """Where the business wants it: one, and perhaps one to fall back on."""

    token: str
    """Stays the same over attempts."""

    attempt: int
    """Counts from 1."""

    at: float
    """Seconds since the epoch."""

    def address(self, *, tries_each: int) -> str:
        """The one whose turn it is when each is tried so often."""
        return self.addresses[min((self.attempt - 1) // tries_each, len(self.addresses) - 1)]


@dataclass(frozen=True, slots=True)
class Webhook:
    """One request to a business, as it goes over the wire."""

    url: str
    headers: dict[str, str]
    body: bytes
    addresses: int = 1
    """How many addresses are tried in turn, of which `url` is one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a business's answer to a webhook asks the carrier to do."""

    texts: tuple[str, ...] = ()
    """To be texted to the sender."""

    complaint: str | None = None
    """What a provider would show in its log of errors."""


class Wire(ABC):
    """One provider's protocol. The methods with a body do what most providers do. Static ones can be functions of a
    dialect's modules: `inbound_webhook = staticmethod(webhooks.inbound_webhook)`."""

    name: str

    patience: Patience

    @staticmethod
    def introduce(account: Account) -> dict[str, str]:
        """What the provider tells an account so that it can recognise webhooks."""
        return {}

    def new_message_sid(self, *, has_media: bool) -> str:
        return str(uuid.uuid4())

    def new_line_sid(self, kind: LineKind) -> str:
        return str(uuid.uuid4())

    def answers_keywords(self, kind: LineKind) -> bool:
        """Whether this provider can answer STOP, START and HELP on such a line."""
        return True

    @staticmethod
    @abstractmethod
    def media_path(message: Message, media: Media) -> str:
        """Where on this server a business finds a picture that a handset sent."""

    @staticmethod
    def reports(message: Message) -> bool:
        """Whether the provider has a webhook for the status that `message` has now."""
        return True

    @staticmethod
    @abstractmethod
    def inbound_webhook(message: Message, occasion: Occasion) -> Webhook:
        """The report of a text from a handset."""

    @staticmethod
    @abstractmethod
    def status_webhook(message: Message, status: str, occasion: Occasion) -> Webhook:
        """The report of `status`, which the message may have left by now."""

    @staticmethod
    def read_answer(response: httpx.Response) -> Answer:
        """Of a 2xx response to an inbound webhook. Most providers look at the status alone."""
        return Answer()
