"""SQL of lines."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import DeletedOrganization
from api.kit.bulk import is_any
from api.kit.ids import new_id
from api.lines.models import DailyTexts, Line, LineDefault, SecretKeyCheck
from api.providers.registry import ProviderName


async def line(session: AsyncSession, organization_id: UUID, line_id: UUID) -> Line | None:
    return await session.scalar(select(Line).where(Line.organization_id == organization_id, Line.id == line_id))


async def lock_line(session: AsyncSession, organization_id: UUID, line_id: UUID) -> Line | None:
    return await session.scalar(
        select(Line)
        .where(Line.organization_id == organization_id, Line.id == line_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def line_by_id(session: AsyncSession, line_id: UUID) -> Line | None:
    """For webhooks, whose address names the line alone. None if its organization is being deleted."""
    is_deleted = exists().where(DeletedOrganization.id == Line.organization_id)
    return await session.scalar(select(Line).where(Line.id == line_id, ~is_deleted))


async def default_line(session: AsyncSession, organization_id: UUID) -> Line | None:
    """The default line, or the oldest, in service: for checks that name no line. A sandbox line comes last."""
    is_default = exists().where(
        LineDefault.organization_id == Line.organization_id,
        LineDefault.line_id == Line.id,
        LineDefault.country.is_(None),
    )
    return await session.scalar(
        select(Line)
        .where(Line.organization_id == organization_id)
        .order_by(
            Line.provider == ProviderName.SANDBOX.value,
            Line.enabled.desc(),
            is_default.desc(),
            Line.created_at,
            Line.id,
        )
        .limit(1)
    )


async def lines(session: AsyncSession, organization_id: UUID, *, after: UUID | None, limit: int) -> Sequence[Line]:
    statement = select(Line).where(Line.organization_id == organization_id)
    if after is not None:
        statement = statement.where(Line.id > after)
    return (await session.scalars(statement.order_by(Line.id).limit(limit))).all()


async def id_of_number(session: AsyncSession, organization_id: UUID, number: str) -> UUID | None:
    return await session.scalar(
        select(Line.id).where(Line.organization_id == organization_id, Line.phone_number == number)
    )


async def lines_by_ids(session: AsyncSession, organization_id: UUID, line_ids: Sequence[UUID]) -> dict[UUID, Line]:
    rows = await session.scalars(select(Line).where(Line.organization_id == organization_id, Line.id.in_(line_ids)))
    return {row.id: row for row in rows}


async def own_numbers(session: AsyncSession, organization_id: UUID, numbers: Sequence[str]) -> set[str]:
    """The numbers that are a line's own."""
    rows = await session.scalars(
        select(Line.phone_number).where(Line.organization_id == organization_id, Line.phone_number.in_(numbers))
    )
    return set(rows)


async def silent_lines(session: AsyncSession, organization_id: UUID) -> Sequence[Line]:
    """Lines in service that have been silent for longer than usual, the longest first."""
    return (
        await session.scalars(
            select(Line)
            .where(Line.organization_id == organization_id, Line.enabled, Line.silent_since.is_not(None))
            .order_by(Line.silent_since, Line.id)
        )
    ).all()


async def count_silent_lines(session: AsyncSession) -> int:
    """Of all organizations, for the operator's metrics."""
    return (
        await session.execute(select(func.count()).where(Line.enabled, Line.silent_since.is_not(None)))
    ).scalar_one()


async def set_silent_since(
    session: AsyncSession, organization_id: UUID, line_id: UUID, silent_since: datetime | None
) -> None:
    await session.execute(
        update(Line)
        .where(Line.organization_id == organization_id, Line.id == line_id)
        .values(silent_since=silent_since)
        .execution_options(synchronize_session=False)
    )


async def set_health(session: AsyncSession, line: Line, health: dict[str, Any]) -> None:
    """Store the health, unless the line was changed since it was loaded: it is of other credentials then."""
    await session.execute(
        update(Line)
        .where(Line.organization_id == line.organization_id, Line.id == line.id, Line.updated_at == line.updated_at)
        .values(health=health)
        .execution_options(synchronize_session=False)
    )


async def all_lines(session: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[Line]:
    """Of every organization, by id."""
    statement = select(Line).order_by(Line.id).limit(limit)
    if after is not None:
        statement = statement.where(Line.id > after)
    return (await session.scalars(statement)).all()


async def count_lines(session: AsyncSession, organization_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many lines each organization has. One without is left out."""
    rows = await session.execute(
        select(Line.organization_id, func.count())
        .where(Line.organization_id == is_any(organization_ids))
        .group_by(Line.organization_id)
    )
    return {row[0]: row[1] for row in rows}


async def sealed_credentials(session: AsyncSession, *, after: UUID | None, limit: int) -> list[tuple[UUID, bytes]]:
    """Of the lines of every organization, by id."""
    statement = select(Line.id, Line.sealed_credentials).order_by(Line.id).limit(limit)
    if after is not None:
        statement = statement.where(Line.id > after)
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def reseal(session: AsyncSession, line_id: UUID, *, before: bytes, after: bytes) -> None:
    """The same credentials under another key, unless they were changed since."""
    await session.execute(
        update(Line)
        .where(Line.id == line_id, Line.sealed_credentials == before)
        .values(sealed_credentials=after)
        .execution_options(synchronize_session=False)
    )


async def has_secret_key_check(session: AsyncSession) -> bool:
    """Whether the schema has the table."""
    return (await session.execute(select(func.to_regclass(SecretKeyCheck.__tablename__).is_not(None)))).scalar_one()


async def secret_key_check(session: AsyncSession) -> bytes | None:
    return await session.scalar(select(SecretKeyCheck.value))


async def set_secret_key_check(session: AsyncSession, value: bytes, *, replace: bool) -> bytes:
    """Store the value if there is none, or if `replace`. Returns the stored one."""
    statement = upsert(SecretKeyCheck).values(id=1, value=value)
    if replace:
        statement = statement.on_conflict_do_update(
            index_elements=["id"], set_={"value": statement.excluded.value, "set_at": func.now()}
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=["id"])
    await session.execute(statement)
    return (await session.execute(select(SecretKeyCheck.value))).scalar_one()


async def count_text(
    session: AsyncSession, organization_id: UUID, line_id: UUID, sender_ids: Sequence[UUID], *, day: date
) -> dict[UUID, int]:
    """Count one text for each sender and return the counts. The rows stay locked until the end of the transaction."""
    statement = upsert(DailyTexts).values(
        [
            {
                "organization_id": organization_id,
                "id": new_id(),
                "line_id": line_id,
                "day": day,
                "sender_id": sender_id,
                "texts": 1,
            }
            for sender_id in sender_ids
        ]
    )
    rows = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "line_id", "day", "sender_id"],
            set_={"texts": DailyTexts.texts + 1},
        ).returning(DailyTexts.sender_id, DailyTexts.texts)
    )
    return {row[0]: row[1] for row in rows}


async def count_texts(
    session: AsyncSession, organization_id: UUID, texts: Mapping[UUID, int], *, day: date
) -> dict[UUID, int]:
    """Count so many texts of each line, and return the counts. The rows stay locked, as in `count_text`."""
    statement = upsert(DailyTexts).values(
        [
            {
                "organization_id": organization_id,
                "id": new_id(),
                "line_id": each,
                "day": day,
                "sender_id": each,
                "texts": texts[each],
            }
            for each in sorted(texts)
        ]
    )
    rows = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "line_id", "day", "sender_id"],
            set_={"texts": DailyTexts.texts + statement.excluded.texts},
        ).returning(DailyTexts.line_id, DailyTexts.texts)
    )
    return {row[0]: row[1] for row in rows}


async def daily_texts(
    session: AsyncSession, organization_id: UUID, line_ids: Sequence[UUID], *, day: date
) -> dict[UUID, int]:
    """The texts of each line on this day. A line that sent none is not in it."""
    rows = await session.execute(
        select(DailyTexts.line_id, DailyTexts.texts).where(
            DailyTexts.organization_id == organization_id,
            DailyTexts.line_id == is_any(line_ids),
            DailyTexts.sender_id == DailyTexts.line_id,
            DailyTexts.day == day,
        )
    )
    return {row[0]: row[1] for row in rows}


async def forget_daily_texts(session: AsyncSession, organization_id: UUID, line_id: UUID, *, before: date) -> None:
    await session.execute(
        delete(DailyTexts)
        .where(DailyTexts.organization_id == organization_id, DailyTexts.line_id == line_id, DailyTexts.day < before)
        .execution_options(synchronize_session=False)
    )
