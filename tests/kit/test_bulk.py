"""Writing many rows in one statement."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from api.audit.models import AuditChain, AuditEntry
from api.kit.bulk import insert_together, update_together
from tests.support.world import World

FIRST, SECOND = UUID(int=1), UUID(int=2)


def chain(world: World, subject: UUID, number: int) -> dict[str, object]:
    return {"organization_id": world.organization_id, "id": subject, "last_number": number, "last_hash": b"\1"}


async def numbers(world: World) -> dict[UUID, int]:
    async with world.service.database.transaction() as session:
        rows = await session.execute(
            select(AuditChain.id, AuditChain.last_number).where(
                AuditChain.organization_id == world.organization_id, AuditChain.id.in_([FIRST, SECOND])
            )
        )
        return {row.id: row.last_number for row in rows}


async def test_rows_are_inserted_and_updated_by_their_ids(world: World) -> None:
    async with world.service.database.transaction() as session:
        await insert_together(session, AuditChain, [chain(world, FIRST, 1), chain(world, SECOND, 2)])
    async with world.service.database.transaction() as session:
        await update_together(session, AuditChain, [chain(world, SECOND, 7), chain(world, UUID(int=3), 9)])
        await update_together(session, AuditChain, [])

    assert await numbers(world) == {FIRST: 1, SECOND: 7}


async def test_existing_rows_are_skipped_only_if_the_caller_says_so(world: World) -> None:
    async with world.service.database.transaction() as session:
        await insert_together(session, AuditChain, [chain(world, FIRST, 1)])
        await insert_together(
            session, AuditChain, [chain(world, FIRST, 5), chain(world, SECOND, 2)], skip_existing=True
        )
    with pytest.raises(IntegrityError):
        async with world.service.database.transaction() as session:
            await insert_together(session, AuditChain, [chain(world, FIRST, 5)])

    assert await numbers(world) == {FIRST: 1, SECOND: 2}


async def test_json_is_stored_as_json(world: World) -> None:
    entry = {
        "organization_id": world.organization_id,
        "id": FIRST,
        "at": datetime(2026, 3, 4, tzinfo=UTC),
        "action": "line.updated",
        "actor_kind": "system",
        "actor_name": "Messenger",
        "details": {"a": [1, None]},
        "chain_subject": FIRST,
        "chain_number": 1,
        "previous_hash": b"\0",
        "hash": b"\1",
    }
    async with world.service.database.transaction() as session:
        await insert_together(session, AuditEntry, [entry])
        stored = await session.scalar(select(AuditEntry).where(AuditEntry.id == FIRST))

    assert stored is not None
    assert stored.details == {"a": [1, None]}
