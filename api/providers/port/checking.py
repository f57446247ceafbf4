"""Values of checking a line: what is set at the provider, and what should be."""

from dataclasses import dataclass
from enum import StrEnum


class WebhookState(StrEnum):
    SET = "set"
    ELSEWHERE = "elsewhere"
    """Set to another address, or so that its webhooks cannot be read."""
    MISSING = "missing"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class WebhookFinding:
    """What the provider has set for one of a line's two addresses."""

    state: WebhookState
    detail: str
    """For a person: the finding, and how to mend it."""
    address: str | None = None
    """The address that is set instead of ours."""


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
    """The provider could not be asked now. It says nothing of the line."""

    detail: str


@dataclass(frozen=True)
class WebhookAddresses:
    """Where a line's webhooks are to go."""

    inbound: str
    status: str
