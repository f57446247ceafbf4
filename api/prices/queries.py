"""SQL of prices and credits."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.kit.bulk import insert_together, is_any
from api.kit.ids import new_id
from api.lines.models import Line
from api.prices.models import Credits, LinePrice
from api.prices.rules import Price


async def prices(session: AsyncSession, organization_id: UUID, line_ids: Collection[UUID]) -> dict[UUID, list[Price]]:
    """The prices of these lines, by country's code, those for every other country last."""
    rows = await session.execute(
        select(LinePrice.line_id, LinePrice.country, LinePrice.text_price, LinePrice.picture_price)
        .where(LinePrice.organization_id == organization_id, LinePrice.line_id == is_any(line_ids))
        .order_by(LinePrice.country.asc().nulls_last())
    )
    found: dict[UUID, list[Price]] = {}
    for line_id, country, text, picture in rows:
        found.setdefault(line_id, []).append(Price(country, text, picture))
    return found


async def replace_prices(session: AsyncSession, organization_id: UUID, line_id: UUID, new: Sequence[Price]) -> None:
    await session.execute(
        delete(LinePrice)
        .where(LinePrice.organization_id == organization_id, LinePrice.line_id == line_id)
        .execution_options(synchronize_session=False)
    )
    await insert_together(
        session,
        LinePrice,
        [
            {
                "organization_id": organization_id,
                "id": new_id(),
                "line_id": line_id,
                "country": each.country,
                "text_price": each.text,
                "picture_price": each.picture,
            }
            for each in new
        ],
    )


async def credits_of(session: AsyncSession, organization_id: UUID) -> Credits | None:
    return await session.get(Credits, (organization_id, organization_id), populate_existing=True)


async def lock_credits(session: AsyncSession, organization_id: UUID) -> Credits | None:
    """None if the organization has never run on credits."""
    return await session.get(
        Credits, (organization_id, organization_id), with_for_update={"key_share": True}, populate_existing=True
    )


async def lock_or_make_credits(session: AsyncSession, organization_id: UUID, *, currency: str) -> Credits:
    new = insert(Credits).values(
        organization_id=organization_id, id=organization_id, is_on=False, currency=currency, balance=Decimal(0)
    )
    await session.execute(new.on_conflict_do_nothing())
    row = await lock_credits(session, organization_id)
    assert row is not None
    return row


async def has_prices(session: AsyncSession, organization_id: UUID) -> bool:
    statement = select(func.count()).where(Line.organization_id == organization_id, Line.price_currency.is_not(None))
    return bool(await session.scalar(statement))
