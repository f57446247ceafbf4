"""SQL of usage and of the providers' own figures."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, func, literal, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import ApiKey, StaffMember
from api.broadcasts.models import Broadcast, BroadcastRecipient
from api.conversations.models import Message
from api.costs.rules import MAX_ROWS, Counted, GroupBy, Period, UsageKind
from api.kit.bulk import is_any
from api.lines.models import Line
from api.providers.registry import ProviderName

_LEFT = Message.status.in_(
    [literal_column(f"'{status}'") for status in ("sent", "delivered", "undelivered", "unknown")]
)
"""It was handed over, or may have been."""
_FAILED = Message.status == literal_column("'failed'")
_IS_PROVIDERS = Message.cost_source == literal_column("'provider'")
_COST = case((or_(_LEFT, and_(_FAILED, _IS_PROVIDERS)), Message.cost))
"""`prices.rules.settled_cost`."""
_KIND = case(
    (Message.broadcast_id.is_not(None), literal_column(f"'{UsageKind.MASS_TEXT}'")),
    else_=literal_column(f"'{UsageKind.CONVERSATION}'"),
)
_CURRENCY = case((_COST.is_not(None), Message.cost_currency))


def _key(group_by: GroupBy, timezone: str) -> ColumnElement[Any]:
    match group_by:
        case GroupBy.MONTH:
            return func.to_char(func.timezone(timezone, Message.created_at), literal_column("'YYYY-MM'"))
        case GroupBy.LINE:
            return cast(Message.line_id, Text)
        case GroupBy.PERSON:
            return cast(func.coalesce(Message.sent_by_staff_member_id, Message.sent_by_api_key_id), Text)
        case GroupBy.BROADCAST:
            return cast(Message.broadcast_id, Text)


def _counted(key: ColumnElement[Any]) -> Any:
    """Columns of a `Counted`, of outgoing messages that have left or failed."""
    return (
        select(
            key.label("key"),
            _KIND.label("kind"),
            _CURRENCY.label("currency"),
            func.count().filter(_LEFT),
            func.coalesce(func.sum(Message.segments).filter(_LEFT), 0),
            func.count().filter(_LEFT, Message.media != literal_column("'[]'::jsonb")),
            func.count().filter(_FAILED),
            func.coalesce(func.sum(_COST), 0),
            func.count(_COST),
            func.count().filter(_COST.is_not(None), _IS_PROVIDERS),
        )
        .where(Message.direction == literal_column("'outbound'"), or_(_LEFT, _FAILED))
        .group_by(literal_column("1"), literal_column("2"), literal_column("3"))
        .order_by(literal_column("1 NULLS LAST"), literal_column("2"), literal_column("3 NULLS LAST"))
        .limit(MAX_ROWS + 1)
    )


def _read(rows: Any) -> list[Counted]:
    return [Counted(row[0], UsageKind(row[1]), *row[2:]) for row in rows]


def _sandbox_lines(organization_id: UUID) -> Select[UUID]:
    return select(Line.id).where(Line.organization_id == organization_id, Line.provider == ProviderName.SANDBOX.value)


async def usage(
    session: AsyncSession, organization_id: UUID, period: Period, group_by: GroupBy, *, line_id: UUID | None
) -> list[Counted]:
    """At most `MAX_ROWS` and one. Texts of sandbox lines count only if the line is named."""
    statement = _counted(_key(group_by, period.timezone)).where(
        Message.organization_id == organization_id,
        Message.created_at >= period.starts_at,
        Message.created_at < period.ends_at,
    )
    if line_id is not None:
        statement = statement.where(Message.line_id == line_id)
    else:
        statement = statement.where(Message.line_id.not_in(_sandbox_lines(organization_id)))
    return _read(await session.execute(statement))


async def usage_of_broadcast(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> list[Counted]:
    """A recipient's row has the id of its message."""
    statement = _counted(literal(None, Text())).join(
        BroadcastRecipient,
        and_(BroadcastRecipient.organization_id == Message.organization_id, BroadcastRecipient.id == Message.id),
    )
    return _read(
        await session.execute(
            statement.where(
                BroadcastRecipient.organization_id == organization_id, BroadcastRecipient.broadcast_id == broadcast_id
            )
        )
    )


async def names_of_people(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> dict[str, str]:
    found: dict[str, str] = {}
    for model in (StaffMember, ApiKey):
        rows = await session.execute(
            select(model.id, model.name).where(model.organization_id == organization_id, model.id == is_any(ids))
        )
        found |= {str(row[0]): row[1] for row in rows}
    return found


async def names_of_broadcasts(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> dict[str, str]:
    rows = await session.execute(
        select(Broadcast.id, Broadcast.name).where(
            Broadcast.organization_id == organization_id, Broadcast.id == is_any(ids)
        )
    )
    return {str(row[0]): row[1] for row in rows}


async def lines_of(session: AsyncSession, organization_id: UUID) -> Sequence[Line]:
    return (await session.scalars(select(Line).where(Line.organization_id == organization_id).order_by(Line.id))).all()


# The providers' own figures.


async def take_due_lines(
    session: AsyncSession, providers: Collection[str], *, next_at: datetime, limit: int
) -> Sequence[Line]:
    """Take lines of these providers whose figures are due. No other process takes them before `next_at`."""
    due = (
        select(Line.organization_id, Line.id)
        .where(
            Line.enabled,
            Line.provider == is_any(providers, "text"),
            or_(Line.prices_due_at.is_(None), Line.prices_due_at <= func.clock_timestamp()),
        )
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
        .cte("due")
    )
    taken = (
        update(Line)
        .where(Line.organization_id == due.c.organization_id, Line.id == due.c.id)
        .values(prices_due_at=next_at)
        .returning(Line)
    )
    return (await session.scalars(taken.execution_options(synchronize_session=False))).all()


class Lacking(NamedTuple):
    """When the first and the last text was accepted that lacks its provider's figure."""

    first_at: datetime | None
    last_at: datetime | None


def _lacks_figure(line: Line) -> ColumnElement[bool]:
    return and_(
        Message.organization_id == line.organization_id,
        Message.line_id == line.id,
        Message.direction == literal_column("'outbound'"),
        Message.provider_message_id.is_not(None),
        Message.cost_source.is_distinct_from(literal_column("'provider'")),
    )


async def lacking(session: AsyncSession, line: Line, *, since: datetime, until: datetime) -> Lacking:
    statement = select(func.min(Message.created_at), func.max(Message.created_at)).where(
        _lacks_figure(line), Message.created_at >= since, Message.created_at < until
    )
    return Lacking(*(await session.execute(statement)).one())


async def lacking_among(
    session: AsyncSession, line: Line, provider_message_ids: Sequence[str]
) -> list[tuple[UUID, UUID, str]]:
    """(id, conversation, the provider's id) of these messages of the line that lack their figure."""
    rows = await session.execute(
        select(Message.id, Message.conversation_id, Message.provider_message_id).where(
            _lacks_figure(line), Message.provider_message_id == is_any(provider_message_ids, "text")
        )
    )
    return [(row[0], row[1], str(row[2])) for row in rows]


async def messages_again(
    session: AsyncSession, organization_id: UUID, message_ids: Collection[UUID]
) -> Sequence[Message]:
    """As they are now that their conversations are locked."""
    return (
        await session.scalars(
            select(Message)
            .where(Message.organization_id == organization_id, Message.id == is_any(message_ids))
            .execution_options(populate_existing=True)
        )
    ).all()


async def set_fetched_until(session: AsyncSession, line: Line, until: datetime) -> None:
    statement = update(Line).where(Line.organization_id == line.organization_id, Line.id == line.id)
    await session.execute(statement.values(prices_fetched_until=until).execution_options(synchronize_session=False))
