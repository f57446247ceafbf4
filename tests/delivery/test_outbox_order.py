"""What leaves before what: on a line, and in a conversation."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.outbox import START, Window, free_stuck, out_of_window, pause_broadcast, place, resume_broadcast
from api.conversations.outbox import set_windows as set_windows_of
from api.delivery.claim import Claim, claim_due
from api.delivery.settle import settle
from api.delivery.shares import CLAIM_BATCH, Capacity
from api.kit.database import Database
from api.providers.port import Accepted, MessageStatus, NotProcessed
from tests.support import postgres
from tests.support.mass_texts import queue_mass_text, recipient
from tests.support.service import ORIGIN
from tests.support.statements import execute
from tests.support.world import World


async def paced(world: World, per_second: float) -> None:
    changed = await world.admin.patch(
        f"/api/v1/lines/{world.line_id}", json={"settings": {"messages_per_second": per_second}}
    )
    assert changed.status_code == 200, changed.text


async def slot_comes(world: World) -> None:
    await world.rows("UPDATE lines SET next_send_at = now() - interval '1 second' RETURNING id")


async def claims(world: World, capacity: Capacity | None = None, database: Database | None = None) -> Sequence[Claim]:
    return await claim_due(
        database or world.service.database,
        world.organization_id,
        secrets=world.service.secret_box,
        public_base_url=ORIGIN,
        lease=timedelta(minutes=5),
        capacity=capacity,
    )


async def sent(world: World, claim: Claim) -> None:
    outcome = Accepted(provider_message_id=f"SM{claim.message_id}", status=MessageStatus.SENT)
    await settle(world.service.database, claim, outcome)


async def reply(world: World, index: int, body: str = "A reply") -> str:
    found = await world.conversation(recipient(index))
    response = await world.maria.post(f"/api/v1/conversations/{found['id']}/messages", json={"body": body})
    assert response.status_code == 201, response.text
    message_id: str = response.json()["id"]
    return message_id


async def pause(world: World, broadcast_id: UUID) -> None:
    async with world.service.database.transaction() as session:
        await pause_broadcast(session, world.organization_id, broadcast_id)


async def resume(world: World, broadcast_id: UUID) -> None:
    async with world.service.database.transaction() as session:
        await resume_broadcast(session, world.organization_id, broadcast_id)


def bodies(found: Sequence[Claim]) -> list[str]:
    return [each.message.body for each in found]


async def test_MASS_FAIR_a_reply_leaves_in_the_next_slot_of_its_line(world: World) -> None:
    await paced(world, 1)
    await queue_mass_text(world, range(50))
    before = await world.rows("SELECT id, xmin::text FROM outbox")
    (first,) = await claims(world)
    assert await claims(world) == [], "the slot is used up"
    await world.text("+13125550147", "Are you open?")
    conversation = await world.conversation("+13125550147")
    await world.maria.post(f"/api/v1/conversations/{conversation['id']}/messages", json={"body": "Yes!"})
    await slot_comes(world)
    assert bodies(await claims(world)) == ["Yes!"]
    await slot_comes(world)
    (second,) = await claims(world)
    touched = set(await world.rows("SELECT id, xmin::text FROM outbox")) - set(before)
    assert {row[0] for row in touched} >= {first.message_id, second.message_id}
    assert len(touched) == 3, "nothing was claimed and put back"


async def test_MASS_FAIR_two_mass_texts_take_turns_on_a_line(world: World) -> None:
    await paced(world, 1)
    long, short = await queue_mass_text(world, range(8)), await queue_mass_text(world, range(20, 24))
    capacity, order = Capacity(), list[str]()
    for _ in range(12):
        await slot_comes(world)
        order += bodies(await claims(world, capacity))
    names = {f"Mass text {long}": "long", f"Mass text {short}": "short"}
    turns = [names[body] for body in order]
    assert [set(turns[place : place + 2]) for place in range(0, 8, 2)] == [{"long", "short"}] * 4
    assert turns[8:] == ["long"] * 4


async def test_MASS_FAIR_mass_texts_leave_room_for_replies(world: World) -> None:
    """A worker that posts as many texts of a line as it may take mass texts still takes replies."""
    await queue_mass_text(world, range(CLAIM_BATCH + 1))
    busy = Capacity()
    busy.posting[world.line_id] = 64
    assert await claims(world, busy) == []
    await reply(world, 3)
    (mass_text,) = await claims(world, busy)
    assert mass_text.message.to == recipient(3), "the reply's conversation is first, with the text that is before it"


async def test_SEND_ORDER_a_reply_is_behind_the_mass_text_of_its_conversation_and_takes_it_along(world: World) -> None:
    await paced(world, 1)
    await queue_mass_text(world, range(10))
    await reply(world, 7)
    order = []
    for _ in range(2):
        await slot_comes(world)
        (claim,) = await claims(world)
        order.append((claim.message.to, claim.message.body[:9]))
        await sent(world, claim)
    assert order == [(recipient(7), "Mass text"), (recipient(7), "A reply")]


async def test_OPTIN_CONFIRM_a_confirmation_leaves_before_replies_with_what_is_before_it(world: World) -> None:
    await paced(world, 1)
    for number in ("+13125550101", "+13125550102"):
        await world.text(number, "Hello?")
        found = await world.conversation(number)
        for body in ("one", "two"):
            await world.maria.post(f"/api/v1/conversations/{found['id']}/messages", json={"body": f"{body} {number}"})
    last = UUID((await world.conversation("+13125550102"))["id"])
    await world.rows(
        "UPDATE outbox SET priority = 0 WHERE conversation_id = :id AND behind RETURNING id",
        id=last,
    )
    async with world.service.database.transaction() as session:
        await place(session, world.organization_id, [last])
    order = []
    for _ in range(2):
        await slot_comes(world)
        (claim,) = await claims(world)
        order.append(claim.message.body)
        await sent(world, claim)
    assert order == ["one +13125550102", "two +13125550102"]


@pytest.mark.parametrize("paused_first", [True, False])
async def test_MASS_STATES_a_reply_does_not_wait_for_a_mass_text_that_is_paused(
    world: World, paused_first: bool
) -> None:
    mass_text = await queue_mass_text(world, range(3))
    if paused_first:
        await pause(world, mass_text)
    await reply(world, 1)
    if not paused_first:
        await pause(world, mass_text)
    assert bodies(await claims(world)) == ["A reply"]
    assert await claims(world) == []
    await resume(world, mass_text)
    assert len(await claims(world)) == 3


async def test_MASS_STATES_a_pause_is_one_row_and_holds_up_no_other_mass_text(world: World) -> None:
    mass_text, other = await queue_mass_text(world, range(5)), await queue_mass_text(world, range(10, 12))
    before = await world.rows("SELECT id, xmin::text FROM outbox")
    await pause(world, mass_text)
    assert await world.rows("SELECT id, xmin::text FROM outbox") == before
    assert bodies(await claims(world)) == [f"Mass text {other}"] * 2


async def test_a_mass_text_that_the_provider_refuses_for_now_does_not_hold_up_a_reply(world: World) -> None:
    await queue_mass_text(world, range(1))
    (claim,) = await claims(world)
    await reply(world, 0)
    assert await claims(world) == [], "the mass text is being posted"
    await settle(world.service.database, claim, NotProcessed("Too fast.", retry_after_seconds=60))
    assert bodies(await claims(world)) == ["A reply"]


async def test_MASS_HOURS_a_text_past_its_hours_is_not_claimed_until_it_has_others(world: World) -> None:
    over = datetime.now(UTC) - timedelta(minutes=1)
    mass_text = await queue_mass_text(world, range(40), not_after=over)
    await queue_mass_text(world, range(50, 52))
    found: list[str] = []
    for _ in range(3):
        found += bodies(await claims(world))
    assert len(found) == 2
    assert f"Mass text {mass_text}" not in found
    async with world.service.database.transaction() as session:
        late = await out_of_window(session, world.organization_id, mass_text, limit=100)
        now = datetime.now(UTC)
        windows = [Window(each.message_id, now, now + timedelta(hours=1)) for each in late]
        await set_windows_of(session, world.organization_id, windows)
    assert len(late) == 40
    assert len(await claims(world)) == CLAIM_BATCH


async def test_SEND_ORDER_what_an_earlier_version_has_queued_leaves_in_order(world: World) -> None:
    """It neither marks what must wait, nor frees what may leave."""
    await world.family("Smith", "+13125550101")
    started = (await world.maria.post("/api/v1/conversations", json={"phone_number": "+13125550101"})).json()
    for body in ("one", "two", "three"):
        await world.maria.post(f"/api/v1/conversations/{started['id']}/messages", json={"body": body})
    await world.rows("UPDATE outbox SET behind = false RETURNING id")
    (one,) = await claims(world)
    assert one.message.body == "one"
    assert await claims(world) == []
    assert [row[0] for row in await world.rows("SELECT behind FROM outbox ORDER BY seq")] == [False, True, True]
    await world.settle_as(str(one.message_id), "sent")
    assert await claims(world) == []
    async with world.service.database.transaction() as session:
        assert await free_stuck(session, START, limit=10) is None
    assert bodies(await claims(world)) == ["two"]


class Counted(Database):
    """Counts the rows of the outbox that its last transaction has read."""

    read = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with super().transaction() as session:
            # The server adds up what a connection's transactions have read, until it hands it over once a second.
            before = await self._sum(session)
            yield session
            self.read = await self._sum(session) - before

    async def _sum(self, session: AsyncSession) -> int:
        found = await session.execute(
            text(
                "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::int"
                " FROM pg_stat_xact_user_tables WHERE relname = 'outbox'"
            )
        )
        return int(found.scalar_one())


BOGUS = """
INSERT INTO outbox (organization_id, id, conversation_id, line_id, seq, due_at, priority, broadcast_id, behind)
SELECT '{organization_id}', gen_random_uuid(), gen_random_uuid(), '{line_id}', number,
    now() + CASE WHEN number % 4 = 0 THEN interval '1 hour' ELSE interval '-1 minute' END,
    CASE WHEN number % 4 = 0 THEN 1 ELSE 2 END, CASE WHEN number % 4 > 0 THEN '{broadcast_id}'::uuid END,
    number % 8 = 0
FROM generate_series({first}, {last}) AS number
"""
"""Three quarters are of a mass text. The others are replies that are not due; half of them are behind others."""

ROWS_OF_A_TEXT = 3
"""A claimed text's entry is found, locked and updated."""
ROWS_OF_A_CLAIM = 10
"""The first entries of its lanes."""


@pytest.mark.parametrize("statistics", ["of an empty outbox", "up to date"])
async def test_a_claim_reads_as_few_rows_of_a_long_outbox_as_of_a_short_one(
    world: World, clone: postgres.Database, statistics: str
) -> None:
    """The worker's connection has kept plans from when the outbox was empty."""
    broadcast_id = await queue_mass_text(world, range(4 * CLAIM_BATCH))
    # They are first, so that each claim finds texts that it can send.
    await world.rows("UPDATE outbox SET due_at = now() - interval '1 hour' RETURNING id")
    execute(
        clone.admin_url,
        "ALTER TABLE outbox SET (autovacuum_enabled = false)",
        "CREATE TABLE waiting AS SELECT * FROM outbox",
        "DELETE FROM outbox",
        "VACUUM ANALYZE outbox",
    )
    async with Counted(clone.url, pool_size=1) as database:
        for _ in range(8):
            assert await claims(world, database=database) == []
        execute(clone.admin_url, "INSERT INTO outbox SELECT * FROM waiting")
        first = 1
        for last in (1_000, 10_000, 100_000):
            # Their messages do not exist: only their place in the outbox matters.
            bogus = BOGUS.format(
                organization_id=world.organization_id,
                line_id=world.line_id,
                broadcast_id=broadcast_id,
                first=first,
                last=last,
            )
            execute(clone.admin_url, f"SET session_replication_role = replica; {bogus}")
            if statistics == "up to date":
                execute(clone.admin_url, "ANALYZE outbox")
            assert len(await claims(world, database=database)) == CLAIM_BATCH
            assert database.read <= ROWS_OF_A_TEXT * CLAIM_BATCH + ROWS_OF_A_CLAIM, f"of {last}"
            first = last + 1
