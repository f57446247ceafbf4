"""What crosses the wire of estimates and usage."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from api.conversations.message_rules import MAX_BODY_CHARACTERS, Encoding
from api.costs.rules import GroupBy, Usage, UsageKind
from api.costs.service import Estimate, NoCost, UsageReport, UsageRow
from api.kit.money import MoneyOut
from api.kit.phone import NumberOrSender
from api.kit.request_models import RequestModel
from api.kit.text import Body


class EstimateIn(RequestModel):
    line_id: UUID
    phone_number: NumberOrSender
    """The recipient's number."""
    body: Annotated[Body, StringConstraints(max_length=MAX_BODY_CHARACTERS)]
    """The text."""
    has_media: bool = False
    """Whether pictures go with it."""


class EstimateOut(BaseModel):
    model_config = ConfigDict(title="CostEstimate")

    segments: int
    """How many parts the text has."""
    encoding: Encoding
    """The alphabet in which it is sent."""
    cost: MoneyOut | None
    """What it is expected to cost. Null if that is not known."""
    reason: NoCost | None
    """Why there is no estimate."""

    @classmethod
    def of(cls, found: Estimate) -> "EstimateOut":
        cost = MoneyOut.of(found.cost.amount, found.cost.currency) if found.cost is not None else None
        return cls(segments=found.counted.count, encoding=found.counted.encoding, cost=cost, reason=found.reason)


class UsageOut(BaseModel):
    """`texts` were handed over to the provider. `costs` has an amount for each currency, and nothing for texts whose
    cost is not known: those are counted in `without_cost`."""

    model_config = ConfigDict(title="Usage")

    texts: int
    """Texts that were handed over to the provider."""
    segments: int
    """Parts of these texts."""
    picture_texts: int
    """Those of them that went as picture messages."""
    failed: int
    """Texts that failed: the provider did not take them, or said so later."""
    costs: list[MoneyOut]
    """What they cost, by currency."""
    by_provider: int
    """Texts whose cost is the provider's own figure; the others' is by the line's price list."""
    without_cost: int
    """Texts whose cost is not known."""

    @classmethod
    def of(cls, used: Usage) -> "UsageOut":
        return cls(**_columns(used))


def _columns(used: Usage) -> dict[str, object]:
    return {
        "texts": used.texts,
        "segments": used.segments,
        "picture_texts": used.pictures,
        "failed": used.failed,
        "costs": [MoneyOut.of(amount, currency) for currency, amount in sorted(used.costs.items())],
        "by_provider": used.by_provider,
        "without_cost": used.without_cost,
    }


class UsageRowOut(UsageOut):
    model_config = ConfigDict(title="UsageRow")

    key: str | None
    """The month (2026-11), or the id of the line, person or mass text. Null: automatic answers, or no mass text."""
    name: str | None
    """What people call it. Null where `key` is null."""
    kind: UsageKind
    """Single texts or mass texts."""

    @classmethod
    def of_row(cls, row: UsageRow) -> "UsageRowOut":
        return cls(key=row.key, name=row.name, kind=row.kind, **_columns(row.usage))


class UsageReportOut(BaseModel):
    model_config = ConfigDict(title="UsageReport")

    since: date
    """The first day."""
    until: date
    """The day after the last. Both are days of `timezone`."""
    timezone: str
    """The organization's time zone, a name of the IANA database."""
    group_by: GroupBy
    """What a row stands for."""
    rows: list[UsageRowOut]
    """One for each value of `group_by` that has texts."""
    total: UsageOut
    """Of all rows together."""
    lines_without_prices: list[str]
    """The labels of lines in service that have no price list."""

    @classmethod
    def of(cls, report: UsageReport) -> "UsageReportOut":
        return cls(
            since=report.period.since,
            until=report.period.until,
            timezone=report.period.timezone,
            group_by=report.group_by,
            rows=[UsageRowOut.of_row(row) for row in report.rows],
            total=UsageOut.of(report.total),
            lines_without_prices=list(report.lines_without_prices),
        )
