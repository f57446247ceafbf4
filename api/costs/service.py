"""Estimates of what a text costs, and usage: what texts have cost, by month, line, person and mass text (COST)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.models import Organization
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.broadcasts import service as broadcasts
from api.broadcasts.models import Broadcast
from api.conversations.message_rules import Segments, segments
from api.costs import queries
from api.costs.rules import MAX_ROWS, Counted, GroupBy, Period, Usage, UsageKind, add_up, keys_as_ids, total
from api.kit.database import database_time
from api.kit.errors import Conflict, Invalid
from api.kit.money import Money, shown_amount
from api.kit.spreadsheets import BYTE_ORDER_MARK, csv_rows, safe_cell
from api.lines.service import require_line
from api.prices.service import price_lists, require_administrator

COLUMNS = (
    *("group", "name", "kind", "texts", "segments", "picture_texts", "failed", "currency", "cost"),
    *("costs_of_provider", "texts_without_cost"),
)

TOO_MUCH = f"That is more than {MAX_ROWS:,} rows. Ask for fewer days."


class NoCost(StrEnum):
    """Why there is no estimate."""

    NO_PRICE_LIST = "no_price_list"
    NO_PRICE = "no_price"
    """The line's price list has no price for the number's country."""


@dataclass(frozen=True)
class Estimate:
    counted: Segments
    cost: Money | None
    reason: NoCost | None


async def estimate(
    session: AsyncSession, principal: Principal, *, line_id: UUID, number: str, body: str, has_media: bool
) -> Estimate:
    """What a text would cost now. Raises `NotFound` for the line."""
    line = await require_line(session, principal.organization_id, line_id)
    # A picture message is one part, whatever its text.
    counted = segments("" if has_media else body)
    prices = (await price_lists(session, principal.organization_id, [line])).get(line.id)
    if prices is None:
        return Estimate(counted, None, NoCost.NO_PRICE_LIST)
    cost = prices.cost(number, segments=counted.count, has_media=has_media)
    return Estimate(counted, cost, None if cost is not None else NoCost.NO_PRICE)


# Usage.


@dataclass(frozen=True)
class Question:
    since: date | None
    until: date | None
    group_by: GroupBy
    line_id: UUID | None


@dataclass(frozen=True)
class UsageRow:
    key: str | None
    name: str | None
    """Of the line, person or mass text; the month itself."""
    kind: UsageKind
    usage: Usage


@dataclass(frozen=True)
class UsageReport:
    organization: Organization
    period: Period
    group_by: GroupBy
    rows: Sequence[UsageRow]
    total: Usage
    lines_without_prices: Sequence[str]
    """The labels of lines in service that have no price list."""


async def usage(session: AsyncSession, principal: Principal, asked: Question) -> UsageReport:
    """Raises `PermissionRequired` (PERM-ADMIN), `NotFound` for the line, `Invalid` for the days, and `Conflict`."""
    require_administrator(principal)
    organization_id = principal.organization_id
    organization = await access.organization(session, organization_id)
    today = (await database_time(session)).astimezone(ZoneInfo(organization.timezone)).date()
    period = Period.of(asked.since, asked.until, today=today, timezone=organization.timezone)
    if (problem := period.problem()) is not None:
        raise Invalid([("/query/to", problem)])
    if asked.line_id is not None:
        await require_line(session, organization_id, asked.line_id)
    counted = await queries.usage(session, organization_id, period, asked.group_by, line_id=asked.line_id)
    if len(counted) > MAX_ROWS:
        raise Conflict(TOO_MUCH)
    lines = await queries.lines_of(session, organization_id)
    names = await _names(
        session, organization_id, asked.group_by, counted, {str(each.id): each.label for each in lines}
    )
    rows = [
        UsageRow(key, names.get(key) if key is not None else None, kind, used)
        for (key, kind), used in add_up(counted).items()
    ]
    return UsageReport(
        organization=organization,
        period=period,
        group_by=asked.group_by,
        rows=rows,
        total=total(counted),
        lines_without_prices=[each.label for each in lines if each.enabled and each.price_currency is None],
    )


async def _names(
    session: AsyncSession, organization_id: UUID, group_by: GroupBy, counted: Sequence[Counted], lines: dict[str, str]
) -> dict[str, str]:
    keys = {each.key for each in counted}
    match group_by:
        case GroupBy.MONTH:
            return {key: key for key in keys if key is not None}
        case GroupBy.LINE:
            return lines
        case GroupBy.PERSON:
            return await queries.names_of_people(session, organization_id, keys_as_ids(keys))
        case GroupBy.BROADCAST:
            return await queries.names_of_broadcasts(session, organization_id, keys_as_ids(keys))


async def usage_of_broadcast(
    session: AsyncSession, principal: Principal, broadcast_id: UUID
) -> tuple[Broadcast, Usage]:
    """What a mass text has cost so far. Whoever may read it may. Raises `PermissionRequired` and `NotFound`."""
    row = await broadcasts.require(session, principal, broadcast_id)
    return row, total(await queries.usage_of_broadcast(session, row.organization_id, row.id))


async def export_usage(session: AsyncSession, principal: Principal, asked: Question) -> tuple[str, str]:
    """The file's name, and the report as CSV. The export has an audit entry. Raises what `usage` raises."""
    report = await usage(session, principal, asked)
    period = report.period
    details = {
        "from": period.since.isoformat(),
        "to": period.until.isoformat(),
        "group_by": asked.group_by.value,
        "line_id": str(asked.line_id) if asked.line_id else None,
    }
    entry = NewEntry(Action.USAGE_EXPORTED, principal.actor, details=details)
    await audit.record(session, principal.organization_id, entry)
    rows = [[safe_cell(cell) for cell in cells] for row in report.rows for cells in _cells(row)]
    name = f"usage-{report.organization.slug}-{period.since.isoformat()}-{period.until.isoformat()}.csv"
    return name, BYTE_ORDER_MARK + csv_rows([COLUMNS, *rows])


def _cells(row: UsageRow) -> Iterator[tuple[object, ...]]:
    """A line for each currency. Counts are in the first alone, so that columns can be added up."""
    used = row.usage
    counts = (used.texts, used.segments, used.pictures, used.failed)
    costs: list[tuple[str | None, str | None]] = [
        (currency, shown_amount(amount)) for currency, amount in sorted(used.costs.items())
    ]
    for place, (currency, amount) in enumerate(costs or [(None, None)]):
        counted = counts if place == 0 else (None,) * len(counts)
        rest = (used.by_provider, used.without_cost) if place == 0 else (None, None)
        yield (row.key, row.name, row.kind.value, *counted, currency, amount, *rest)
