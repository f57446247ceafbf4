"""What a line is, as values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from api.kit.phone import possible_countries
from api.providers.port import CredentialsState, ProviderUnreachable, WebhookCheck, WebhookState

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


class LineState(StrEnum):
    """What a check of a line came to."""

    READY = "ready"
    NEEDS_ATTENTION = "needs_attention"
    CANNOT_TELL = "cannot_tell"
    UNREACHABLE = "unreachable"


def verdict(check: WebhookCheck | ProviderUnreachable) -> tuple[LineState, str]:
    """The worst of what was found, and that in words."""
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
"""Territories that share a country's numbering plan and count as that country: nobody at a desk tells a mobile number
of Jersey from one of Kent. Canada and the Caribbean share +1 with the United States and are countries of their own."""


def texts_number(recipient: str, *, country: str, countries: Sequence[str] | None) -> bool:
    """Whether a line may text a number's country: its own, or those that an administrator chose.

    Without this anybody who gets a line to answer premium numbers abroad earns by each text (toll fraud), so it holds
    for answers as well. What is not E.164 is nobody's country: other rules decide on it.
    """
    possible = possible_countries(recipient)
    allowed = set(countries if countries is not None else (country,))
    for group in ONE_COUNTRY:
        if not allowed.isdisjoint(group):
            allowed |= group
    return not possible or not possible.isdisjoint(allowed)


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
