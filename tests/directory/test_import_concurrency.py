"""An import beside others: who is quicker, a database that goes away, and what open tabs are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access.rules import Permission, Principal, PrincipalKind
from api.live.events import Event
from api.live.service import announce_phone_number
from tests.directory.test_import import ANA, count, errors, outcomes, send_csv
from tests.support.backends import cut, until_it_waits
from tests.support.stack import eventually
from tests.support.world import World

LAST = "+10000000000"
"""Announced after everything else."""

ROWS = ("family,F-1,Rivera,Ana,,312-555-0142,,opted_in,,,,", "family,F-2,Okafor,,,,,,,,,")


@asynccontextmanager
async def elsewhere(world: World) -> AsyncIterator[AsyncConnection]:
    """A transaction of somebody else's."""
    async with world.service.database.engine.connect() as connection:
        yield connection
        await connection.rollback()


async def hold(connection: AsyncConnection, number: str) -> None:
    await connection.execute(text("SELECT id FROM phone_numbers WHERE number = :n FOR NO KEY UPDATE"), {"n": number})


@pytest.mark.parametrize("partial", [False, True])
async def test_a_record_that_somebody_else_has_just_created_is_updated_instead(world: World, *, partial: bool) -> None:
    async with elsewhere(world) as other:
        await other.execute(
            text("INSERT INTO families (organization_id, id, external_id, name) VALUES (:o, :id, 'F-1', 'Rivera')"),
            {"o": world.organization_id, "id": uuid4()},
        )
        sending = asyncio.create_task(send_csv(world.maria, *ROWS, partial=partial))
        await until_it_waits(world)
        await other.commit()

    response = await sending

    assert response.status_code == 200, response.text
    assert outcomes(response) == [(1, "updated"), (2, "created")]
    assert await count(world, "families") == 2
    assert await count(world, "phone_records") == 1


async def test_a_partial_import_that_loses_the_database_says_which_rows_may_not_be_stored(world: World) -> None:
    await world.family("Brown", ANA)
    async with elsewhere(world) as other:
        await hold(other, ANA)
        sending = asyncio.create_task(send_csv(world.maria, *ROWS, partial=True))
        await cut(world, await until_it_waits(world))
        response = await sending

    assert response.status_code == 200
    assert outcomes(response) == [(1, "failed"), (2, "failed")]
    assert "Import the file again" in errors(response)[0][2]
    assert await count(world, "families") == 1

    again = await send_csv(world.maria, *ROWS, partial=True)
    assert again.json()["created"] == 2


async def test_an_import_that_is_all_or_nothing_and_loses_the_database_stores_nothing(world: World) -> None:
    await world.family("Brown", ANA)
    before = await world.table_sizes()
    async with elsewhere(world) as other:
        await hold(other, ANA)
        sending = asyncio.create_task(send_csv(world.maria, *ROWS))
        await cut(world, await until_it_waits(world))
        response = await sending

    assert response.status_code == 503
    assert "Retry-After" in response.headers
    assert await world.table_sizes() == before


def data_of(event: Event) -> str:
    return event.encoded.decode().partition("data: ")[2].strip()


async def events_of(world: World, *rows: str) -> list[dict[str, Any]]:
    """What an open tab of the business is told of an import, besides its progress."""
    hub = world.service.state.hub
    maria = Principal(
        kind=PrincipalKind.STAFF_MEMBER,
        organization_id=world.organization_id,
        id=world.staff_ids["maria"],
        name="Maria",
        permissions=frozenset({Permission.SMS_LOGS}),
        is_admin=False,
        credential_id=uuid4(),
    )
    stream = hub.open(maria, last_event_id=None)
    try:
        assert (await send_csv(world.maria, *rows)).status_code == 200
        async with world.service.database.transaction() as session:
            announce_phone_number(session, world.organization_id, LAST)
        heard: list[dict[str, Any]] = []

        async def over() -> bool:
            heard.extend({"type": each.type, "data": data_of(each)} for each in await stream.next_batch(1))
            return any(LAST in each["data"] for each in heard)

        await eventually(over, "what was announced last is heard")
        return [each for each in heard if each["type"] != "import" and LAST not in each["data"]]
    finally:
        stream.close()


DIRECTORY = {"type": "directory", "data": "{}"}
"""Lists of records are loaded again."""


async def test_open_tabs_learn_whose_opt_in_an_import_changed(world: World) -> None:
    await world.family("Okafor", ANA)

    told = await events_of(world, *ROWS)

    assert told == [DIRECTORY, {"type": "opt_in", "data": f'{{"phone_number":"{ANA}"}}'}]


async def test_open_tabs_load_everything_again_after_an_import_that_changed_much(world: World) -> None:
    rows = [f"family,F-{index},X,Ana,,+1312555{index:04},,opted_in,,,," for index in range(150)]
    assert await events_of(world, *rows) == [DIRECTORY], "nobody can be looking at a new number"

    told = await events_of(world, *(row.replace("opted_in", "opted_out") for row in rows))

    assert [each["type"] for each in told] == ["resync", "directory"]


async def test_imports_and_changes_of_the_same_numbers_at_once_all_come_to_an_end(world: World) -> None:
    numbers = [f"+1312555{index:04}" for index in range(40)]
    families = [await world.family(f"Before {number}", number) for number in numbers[:10]]
    records = [family["contacts"][0]["phone_records"][0]["id"] for family in families]

    def file(order: list[str], state: str) -> list[str]:
        return [f"family,F-{number},Family,Ana,,{number},,{state},,,," for number in order]

    answers = await asyncio.gather(
        *(send_csv(world.maria, *file(numbers[::-1], "opted_out"), partial=True) for _ in range(3)),
        *(send_csv(world.maria, *file(numbers, "opted_in"), partial=True) for _ in range(3)),
        *(
            world.maria.put(f"/api/v1/phone-records/{record}/opt-in", json={"state": state, "source": "verbal"})
            for record in records
            for state in ("opted_out", "opted_in")
        ),
    )

    assert {each.status_code for each in answers} == {200}
    assert [answer.json()["failed"] for answer in answers[:6]] == [0] * 6
    assert await count(world, "families") == 50
    verification = await world.rows(
        "SELECT count(*), max(chain_number) FROM audit_entries WHERE conversation_id IS NULL"
    )
    assert verification[0][0] == verification[0][1]


async def test_only_one_import_that_is_all_or_nothing_runs_at_a_time(world: World) -> None:
    await world.family("Okafor", ANA)
    row = "family,F-1,Rivera,Ana,,312-555-0142,,,,,,"
    async with world.service.database.engine.connect() as holder:
        await holder.exec_driver_sql(f"SELECT id FROM phone_numbers WHERE number = '{ANA}' FOR NO KEY UPDATE")
        first = asyncio.create_task(send_csv(world.maria, row))
        await asyncio.sleep(0.3)
        second = await send_csv(world.maria, row)
        await holder.rollback()

    assert second.status_code == 409
    assert "Another import" in second.json()["detail"]
    assert (await first).json()["created"] == 1
