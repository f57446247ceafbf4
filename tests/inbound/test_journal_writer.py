"""The journal's writer: what is written together, and who waits for whom."""

import asyncio
import itertools
from uuid import UUID, uuid4

import asyncpg

from api.inbound.loop import POLITE_BATCH, POLITE_SECONDS
from api.inbound.queries import JournalRow
from api.providers.port import EventKind, WebhookEvent
from tests.inbound.journal import PARENT
from tests.support.world import World


def row(world: World, *, line_id: UUID | None = None) -> JournalRow:
    sid = f"SM{uuid4().hex}"
    event = WebhookEvent(
        kind=EventKind.MESSAGE,
        event_id=sid,
        phone_number=PARENT,
        body=f"MessageSid={sid}&From=%2B{PARENT[1:]}&Body=Hello".encode(),
        content_type="application/x-www-form-urlencoded",
    )
    return JournalRow(world.organization_id, line_id or world.line_id, "simulator", event, message_ref=None)


async def test_RECV_NOTHING_LOST_a_row_that_the_database_refuses_does_not_refuse_those_beside_it(world: World) -> None:
    journal = world.service.state.journal
    good = [row(world) for _ in range(3)]
    outcomes = await asyncio.gather(
        journal.write(good[:1]),
        journal.write([row(world, line_id=uuid4())]),
        journal.write(good[1:]),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), asyncpg.ForeignKeyViolationError, type(None)]
    written = {event_id for (event_id,) in await world.rows("SELECT event_id FROM inbound_events")}
    assert written == {each.event.event_id for each in good}


async def test_RECV_ONCE_twice_in_one_batch_is_one_event(world: World) -> None:
    journal = world.service.state.journal
    again = row(world)
    await asyncio.gather(*(journal.write([again, row(world), again]) for _ in range(5)))
    assert await world.rows("SELECT count(*) FROM inbound_events") == [(6,)]


async def test_RECV_DURABLE_a_connection_that_is_cut_refuses_at_most_what_is_under_way(world: World) -> None:
    journal = world.service.state.journal
    await journal.write([row(world)])
    cut = await world.rows(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'INSERT INTO inbound_events%'"
    )
    assert cut == [(True,)]
    outcomes = [(await asyncio.gather(journal.write([row(world)]), return_exceptions=True))[0] for _ in range(3)]
    assert outcomes[1:] == [None, None]
    assert await world.rows("SELECT count(*) FROM inbound_events") == [(1 + outcomes.count(None),)]


async def test_webhooks_that_keep_coming_go_first_and_are_applied_all_the_same(world: World) -> None:
    journal = world.service.state.journal
    ended = asyncio.Event()

    async def coming() -> int:
        for number in itertools.count(1):
            await journal.write([row(world), row(world)])
            if ended.is_set():
                return number * 2
        raise AssertionError("unreachable")

    async def applied() -> int:
        ((count,),) = await world.rows("SELECT count(*) FROM messages")
        return int(count)

    loop = asyncio.get_running_loop()
    started = loop.time()
    task = asyncio.create_task(coming())
    while await applied() < 2 * POLITE_BATCH:
        assert loop.time() < started + 30, "they wait for ever"
        await asyncio.sleep(0.05)
    # A batch a second, and the first not before the first second is over.
    assert loop.time() - started >= 2 * POLITE_SECONDS - 0.1
    ended.set()
    written = await task
    await world.settled()
    assert await applied() == written
