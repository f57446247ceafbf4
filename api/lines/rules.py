"""Values of a line, and pure decisions about it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from api.kit.phone import possible_countries
from api.providers.port import (
    CredentialsState,
    ProviderUnreachable,
    WebhookAddresses,
    WebhookCheck,
    WebhookFinding,
    WebhookState,
)
from api.providers.sandbox.numbers import is_test_number

NEW_ZEALAND = "NZ"

NZ_NOTICE = (
    "Carriers serving New Zealand apply a standard fee for receiving SMS messages from a short code, "
    "billed at the same rate as sending a message."
)
"""The product's own words (NZ-NOTICE)."""


class LineKind(StrEnum):
    LONG_CODE = "long_code"
    TOLL_FREE = "toll_free"
    SHORT_CODE = "short_code"


def recipient_pays(*, line_kind: str, recipient_country: str | None) -> bool:
    """NZ-NOTICE: New Zealand numbers are charged for receiving a short-code text."""
    return line_kind == LineKind.SHORT_CODE and recipient_country == NEW_ZEALAND


@dataclass(frozen=True)
class LineSettings:
    """`Line.settings`, and what a new line or a change is given of them."""

    messages_per_second: float | None = None
    """None for no rate limit."""
    answers_keywords: bool | None = None
    """We answer STOP, START and HELP, not the provider. A request's None: we answer if the provider does not."""
    business_name: str | None = None
    help_text: str | None = None

    def stored(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class NewLine:
    label: str
    phone_number: str
    """As typed."""
    kind: LineKind
    country: str
    provider: str
    credentials: Mapping[str, str]
    settings: LineSettings = LineSettings()
    limits: Mapping[str, Any] = field(default_factory=dict)
    """Values of `LIMITS`; a missing one has its default."""


@dataclass(frozen=True)
class LineChange:
    """None, or a missing limit: unchanged."""

    label: str | None = None
    credentials: Mapping[str, str | None] | None = None
    """A complete set replaces the stored one. Fewer fields change only those; None removes one."""
    settings: LineSettings | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    enabled: bool | None = None
    default: bool | None = None
    """The default for every country without one of its own (LINE-CHOICE)."""
    default_for: Sequence[str] | None = None
    """The countries that it is the default for."""


LIMITS = {"countries", "texts_per_day", "texts_per_person_per_day"}
"""Settings that are columns of their own. A change that omits one keeps it, so that nobody lifts a limit unawares."""


def webhook_addresses(provider: str, line_id: UUID, *, public_base_url: str) -> WebhookAddresses:
    base = f"{public_base_url}/webhooks/{provider}/{line_id}"
    return WebhookAddresses(inbound=f"{base}/inbound", status=f"{base}/status")


class LineState(StrEnum):
    """The result of a check of a line."""

    READY = "ready"
    NEEDS_ATTENTION = "needs_attention"
    CANNOT_TELL = "cannot_tell"
    UNREACHABLE = "unreachable"


def verdict(check: WebhookCheck | ProviderUnreachable) -> tuple[LineState, str]:
    """The worst finding, and its words."""
    if isinstance(check, ProviderUnreachable):
        return LineState.UNREACHABLE, check.detail
    if check.credentials is CredentialsState.REFUSED:
        return LineState.NEEDS_ATTENTION, "The provider refused this line's credentials."
    findings = (check.inbound, check.status)
    for finding in findings:
        if finding.state in (WebhookState.MISSING, WebhookState.ELSEWHERE):
            return LineState.NEEDS_ATTENTION, finding.detail
    for finding in findings:
        if finding.state is WebhookState.CANNOT_TELL:
            return LineState.CANNOT_TELL, finding.detail
    return LineState.READY, "The provider sends this line's texts here."


@dataclass(frozen=True)
class LineHealth:
    """The provider's answer to the last check. `detail` is the worst finding in words."""

    state: LineState
    detail: str
    at: datetime
    credentials_state: CredentialsState
    inbound: WebhookFinding
    status: WebhookFinding

    @classmethod
    def of(cls, check: WebhookCheck | ProviderUnreachable, *, at: datetime) -> Self:
        state, detail = verdict(check)
        if isinstance(check, ProviderUnreachable):
            unknown = WebhookFinding(WebhookState.CANNOT_TELL, "The provider could not be reached.")
            check = WebhookCheck(CredentialsState.CANNOT_TELL, unknown, unknown)
        return cls(state, detail, at, check.credentials, check.inbound, check.status)

    def stored(self) -> dict[str, Any]:
        """`Line.health`."""
        return {**asdict(self), "at": self.at.isoformat()}


DEFAULT_TEXTS_PER_DAY = 20_000
DEFAULT_TEXTS_PER_PERSON_PER_DAY = 5_000


ONE_COUNTRY = (
    frozenset({"GB", "GG", "IM", "JE"}),
    frozenset({"US", "AS", "GU", "MP", "PR", "VI"}),
    frozenset({"AU", "CC", "CX"}),
    frozenset({"FI", "AX"}),
    frozenset({"NO", "SJ"}),
    frozenset({"IT", "VA"}),
    frozenset({"MA", "EH"}),
    frozenset({"GP", "BL", "MF"}),
    frozenset({"RE", "YT"}),
    frozenset({"CW", "BQ"}),
    frozenset({"SH", "AC", "TA"}),
)
"""Territories that share a country's numbering plan and count as that country: staff cannot tell a mobile number of
Jersey from one of Kent. Canada and the Caribbean share +1 with the United States and are countries of their own."""


def texts_number(recipient: str, *, country: str, countries: Sequence[str] | None) -> bool:
    """Whether a line may text a number's country: its own, or those that an administrator chose.

    The limit prevents toll fraud with premium numbers abroad, so it applies to replies too. A number that is not
    E.164 has no country and is allowed here; other rules decide on it.
    """
    possible = possible_countries(recipient)
    allowed = set(countries if countries is not None else (country,))
    for group in ONE_COUNTRY:
        if not allowed.isdisjoint(group):
            allowed |= group
    return not possible or not possible.isdisjoint(allowed)


class SandboxNote(StrEnum):
    """Why a line and a number do not fit: one of them is for tests, and the other is not."""

    TEST_LINE = "sandbox_line"
    """A sandbox line texts only its test numbers."""
    TEST_NUMBER = "test_number"
    """A test number is texted by sandbox lines only."""


def sandbox_note(recipient: str, *, is_sandbox: bool) -> SandboxNote | None:
    """None if a line of this sort may text the number."""
    if is_sandbox == is_test_number(recipient):
        return None
    return SandboxNote.TEST_LINE if is_sandbox else SandboxNote.TEST_NUMBER


@dataclass(frozen=True)
class Day:
    """A calendar day of a business, in its own zone."""

    date: date
    ends_at: datetime

    @classmethod
    def at(cls, moment: datetime, *, timezone: str) -> "Day":
        zone = ZoneInfo(timezone)
        today = moment.astimezone(zone).date()
        midnight = datetime.combine(today + timedelta(days=1), time.min, tzinfo=zone)
        return cls(today, midnight.astimezone(UTC))

    def seconds_left(self, moment: datetime) -> int:
        return max(1, math.ceil((self.ends_at - moment).total_seconds()))
