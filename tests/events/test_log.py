"""HOOK: the log of an organization has no gap, and its order is the order of the commits."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from api.events.models import Event
from api.events.rules import EventType, NewEvent
from api.events.service import events_after, last_position, record_event
from api.kit.database import Database, savepoint
from tests.support.world import World


def numbered(number: int) -> NewEvent:
    return NewEvent(type=EventType.MASS_TEXT_FINISHED, data={"number": number})


async def everything(database: Database, organization_id: UUID, after: int = 0) -> Sequence[Event]:
    async with database.transaction() as session:
        return await events_after(session, organization_id, after, limit=10_000)


async def end_of(database: Database, organization_id: UUID) -> int:
    async with database.transaction() as session:
        return await last_position(session, organization_id)


async def test_HOOK_events_of_one_transaction_follow_each_other(world: World) -> None:
    database, organization_id = world.service.database, world.organization_id
    start = await end_of(database, organization_id)
    async with database.transaction() as session:
        for number in range(5):
            record_event(session, organization_id, numbered(number))
    rows = await everything(database, organization_id, start)
    assert [row.data["number"] for row in rows] == [0, 1, 2, 3, 4]
    assert [row.position for row in rows] == [start + each for each in range(1, 6)]
    assert await end_of(database, organization_id) == start + 5


async def test_HOOK_a_rolled_back_transaction_leaves_no_event(world: World) -> None:
    database, organization_id = world.service.database, world.organization_id
    start = await end_of(database, organization_id)

    async def fail(session: AsyncSession) -> None:
        record_event(session, organization_id, numbered(1))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            await fail(session)
    async with database.transaction() as session:
        record_event(session, organization_id, numbered(2))
        with pytest.raises(RuntimeError):
            async with savepoint(session):
                await fail(session)
        record_event(session, organization_id, numbered(3))
    rows = await everything(database, organization_id, start)
    assert [(row.position, row.data["number"]) for row in rows] == [(start + 1, 2), (start + 2, 3)]


async def test_HOOK_concurrent_writers_leave_no_gap_and_a_reader_misses_nothing(world: World) -> None:
    database, organization_id = world.service.database, world.organization_id
    start = await end_of(database, organization_id)
    writers, each_writes = 6, 40
    seen: list[Event] = []

    async def write(writer: int) -> None:
        for number in range(each_writes):
            try:
                async with database.transaction() as session:
                    for part in range(1 + number % 3):
                        record_event(session, organization_id, numbered(writer * 1000 + number * 10 + part))
                    if number % 7 == 0:
                        raise RuntimeError
            except RuntimeError:
                continue

    async def read(writing: asyncio.Task[object]) -> None:
        """A reader that goes on after the last position that it saw, however the writers' commits interleave."""
        position = start
        while True:
            is_last = writing.done()
            rows = await everything(database, organization_id, position)
            seen.extend(rows)
            position = rows[-1].position if rows else position
            if is_last:
                return

    writing: asyncio.Task[object] = asyncio.create_task(
        asyncio.wait([asyncio.ensure_future(write(n)) for n in range(writers)])
    )
    await read(writing)
    wanted = sorted(
        writer * 1000 + number * 10 + part
        for writer in range(writers)
        for number in range(each_writes)
        if number % 7
        for part in range(1 + number % 3)
    )
    assert sorted(row.data["number"] for row in seen) == wanted
    assert [row.position for row in seen] == list(range(start + 1, start + 1 + len(wanted)))
    assert [row.created_at for row in seen] == sorted(row.created_at for row in seen)
    for writer in range(writers):
        own = [row.data["number"] for row in seen if row.data["number"] // 1000 == writer]
        assert own == sorted(own)
