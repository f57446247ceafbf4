"""Values of checking a line: what is set at the provider, and what should be."""

from dataclasses import dataclass
from enum import StrEnum


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
