"""RECV-NOTHING-LOST, for what hangs or kills the process too: attempts are counted before they begin."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.inbound import attempts
from api.inbound.attempts import apply_due_events
from api.inbound.loop import JournalApplier
from api.inbound.queries import due_events, organizations_with_due_events, try_lock_application
from api.inbound.reading import read_events
from api.inbound.rules import MAX_UNFINISHED, NEVER_FINISHED, Suspects, suspects
from api.inbound.service import ApplicationBusy, apply_events
from api.kit.process import PROCESS_ID
from tests.inbound.journal import PARENT, accept_again, bodies, make_due, nobody_applies, receive, refuse
from tests.support.stack import eventually
from tests.support.world import World

OTHER = "+13125550102"
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.mark.parametrize(
    ("unfinished", "known"),
    [
        ([], Suspects()),
        ([[A, B]], Suspects(in_batch=frozenset({A, B}))),
        # An ordinary crash in the middle of a batch accuses nobody, however often it happens.
        ([[A, B]] * 20, Suspects(in_batch=frozenset({A, B}))),
        ([[A]], Suspects(alone=frozenset({A}))),
        ([[A, B, C], [B]], Suspects(in_batch=frozenset({A, C}), alone=frozenset({B}))),
        ([[A]] * (MAX_UNFINISHED - 1), Suspects(alone=frozenset({A}))),
        ([[A]] * MAX_UNFINISHED, Suspects(guilty=frozenset({A}))),
        ([[A, B]] + [[A]] * MAX_UNFINISHED + [[C]], Suspects(frozenset({B}), frozenset({C}), frozenset({A}))),
    ],
)
def test_the_classification_of_events_of_unfinished_attempts(unfinished: list[list[UUID]], known: Suspects) -> None:
    assert suspects(unfinished) == known


@given(st.lists(st.frozensets(st.sampled_from([A, B, C, *(uuid4() for _ in range(5))]), min_size=1), max_size=30))
def test_only_events_begun_alone_three_times_are_guilty_and_none_is_left_out(
    unfinished: list[frozenset[UUID]],
) -> None:
    known = suspects(unfinished)
    everything = frozenset[UUID]().union(*unfinished)
    assert known.in_batch | known.alone | known.guilty == everything
    for each in everything:
        alone = unfinished.count(frozenset({each}))
        assert (each in known.guilty) == (alone >= MAX_UNFINISHED)
        assert (each in known.alone) == (0 < alone < MAX_UNFINISHED)


async def received(world: World, *texts: tuple[str, str]) -> list[UUID]:
    """Texts (sender, body) that wait. Returns their events' ids."""
    sids = [await receive(world, body, sender=sender) for sender, body in texts]
    rows = await world.rows("SELECT event_id, id FROM inbound_events WHERE event_id = ANY(:sids)", sids=sids)
    ids = {row[0]: row[1] for row in rows}
    return [ids[sid] for sid in sids]


async def died_over(world: World, event_ids: Sequence[UUID], *, times: int = 1, begun_by: UUID | None = None) -> None:
    """What a process leaves that was killed, or hung, in the middle of applying these."""
    for _ in range(times):
        await world.rows(
            "INSERT INTO inbound_attempts (organization_id, id, event_ids, begun_by)"
            " VALUES (:organization_id, gen_random_uuid(), :event_ids, :begun_by) RETURNING id",
            organization_id=world.organization_id,
            event_ids=list(event_ids),
            begun_by=begun_by or uuid4(),
        )


async def one_call(world: World, *, may_retry_suspects: bool) -> int:
    """One call of a worker, as soon as no other process holds the lock."""

    async def may() -> bool:
        return may_retry_suspects

    while True:
        try:
            return await apply_due_events(
                world.service.database,
                world.organization_id,
                providers=world.service.providers,
                confirm_within=timedelta(seconds=20),
                may_retry_suspects=may,
            )
        except ApplicationBusy:
            await asyncio.sleep(0.01)


async def attempts_left(world: World) -> int:
    ((count,),) = await world.rows("SELECT count(*) FROM inbound_attempts")
    assert isinstance(count, int)
    return count


async def test_an_attempt_is_committed_before_it_begins_and_gone_with_its_end(
    world: World, owner: asyncpg.Connection
) -> None:
    async def seen_from_outside() -> bool:
        return await attempts_left(world) == 1

    async with owner.transaction():
        # Whoever applies a text now waits for this lock, in the middle.
        await owner.execute("LOCK TABLE messages IN EXCLUSIVE MODE")
        sid = await receive(world, "hello")
        await eventually(seen_from_outside, "the attempt is committed")
        ((event_ids, begun_by),) = await world.rows("SELECT event_ids, begun_by FROM inbound_attempts")
        ((event_id,),) = await world.rows("SELECT id FROM inbound_events WHERE event_id = :sid", sid=sid)
        assert (event_ids, begun_by) == ([event_id], PROCESS_ID)

    await world.settled()
    assert await bodies(world) == ["hello"]
    assert await attempts_left(world) == 0


async def test_an_event_begun_alone_and_never_finished_is_quarantined_and_the_others_are_applied(
    world: World,
) -> None:
    async with nobody_applies(world):
        first, guilty, *others = await received(
            world, (PARENT, "before"), (PARENT, "it hangs"), (PARENT, "after"), (OTHER, "of another number")
        )
        await died_over(world, [first, guilty, *others])
        await died_over(world, [guilty], times=MAX_UNFINISHED)

    await world.settled()

    assert sorted(await bodies(world)) == ["after", "before", "of another number"]
    ((state, attempts, error),) = await world.rows(
        "SELECT state, attempts, error FROM inbound_events WHERE id = :id", id=guilty
    )
    assert (state, attempts, error) == ("quarantined", MAX_UNFINISHED, NEVER_FINISHED)
    assert await attempts_left(world) == 0

    # Once its cause is mended it is replayed like any other.
    assert (await world.admin.post(f"/api/v1/inbound-events/{guilty}/replay")).status_code == 200
    await world.settled()
    assert sorted(await bodies(world)) == ["after", "before", "it hangs", "of another number"]


async def test_crashes_in_the_middle_of_a_batch_quarantine_no_event_and_keep_the_order(
    world: World,
) -> None:
    texts = [(PARENT if number % 2 else OTHER, f"text {number:02}") for number in range(20)]
    async with nobody_applies(world):
        event_ids = await received(world, *texts)
        await died_over(world, event_ids, times=10)

    await world.settled()

    for sender in (PARENT, OTHER):
        messages = await world.thread((await world.conversation(sender))["id"])
        assert [message["body"] for message in messages] == [body for number, body in texts if number == sender]
    assert await attempts_left(world) == 0


async def states(world: World, *event_ids: UUID) -> list[str]:
    rows = dict(await world.rows("SELECT id, state FROM inbound_events"))
    return [rows[event_id] for event_id in event_ids]


async def test_later_texts_of_its_number_wait_for_a_suspected_one_and_nobody_else_does(world: World) -> None:
    await a_worker_lives(world)
    async with nobody_applies(world):
        suspected, other, later = await received(world, (PARENT, "STOP"), (OTHER, "hello"), (PARENT, "START"))
        await died_over(world, [suspected], times=MAX_UNFINISHED - 1)

    async def other_applied() -> bool:
        await one_call(world, may_retry_suspects=False)
        return (await states(world, other)) == ["applied"]

    await eventually(other_applied, "the other number's text is applied")
    assert await states(world, suspected, later) == ["pending", "pending"]
    assert await one_call(world, may_retry_suspects=False) == 0, "Nothing is left to do, and nobody turns for ever."

    await one_call(world, may_retry_suspects=True)
    await one_call(world, may_retry_suspects=False)
    assert await states(world, suspected, later) == ["applied", "applied"]
    assert [message["body"] for message in await world.thread((await world.conversation(PARENT))["id"])] == [
        "STOP",
        "START",
    ]
    assert await attempts_left(world) == 0


async def a_worker_lives(world: World) -> None:
    """So that the API's own applier leaves suspected events to it."""
    await world.rows("INSERT INTO worker_heartbeats (id) VALUES (gen_random_uuid()) RETURNING id")


async def test_more_texts_than_a_batch_of_a_suspected_ones_number_hold_up_no_other_number(world: World) -> None:
    await a_worker_lives(world)
    async with nobody_applies(world):
        suspected, *later, other = await received(
            world, *((PARENT, f"text {number}") for number in range(80)), (OTHER, "hello")
        )
        await died_over(world, [suspected])

    async def other_applied() -> bool:
        await one_call(world, may_retry_suspects=False)
        return (await states(world, other)) == ["applied"]

    await eventually(other_applied, "the other number's text is applied")
    assert set(await states(world, *later)) == {"pending"}


async def test_an_attempt_that_ended_in_a_living_process_counts_against_no_event(world: World) -> None:
    async with nobody_applies(world):
        (waiting,) = await received(world, (PARENT, "hello"))
        # The database went away in the middle, again and again, and this process is still there.
        await died_over(world, [waiting], times=3 * MAX_UNFINISHED, begun_by=PROCESS_ID)

    await world.settled()

    assert await bodies(world) == ["hello"]
    assert await attempts_left(world) == 0


async def test_a_batch_that_was_never_finished_is_forgotten_once_its_events_are_settled(world: World) -> None:
    """Nothing is due in the business any more, so nobody applies its events."""
    settled = await received(world, (PARENT, "One"), (OTHER, "Two"))
    await world.settled()
    (unfinished,) = await received(world, (PARENT, "Three"))
    await world.settled()
    await world.rows(
        "UPDATE inbound_events SET state = 'pending', due_at = now() + interval '1 hour' WHERE id = :id RETURNING id",
        id=unfinished,
    )
    await died_over(world, settled)
    await died_over(world, [unfinished])

    worker = JournalApplier(world.service.database, world.service.providers, world.service.settings)
    worker.start()

    async def only_the_pending_ones_is_left() -> bool:
        return await world.rows("SELECT event_ids FROM inbound_attempts") == [([unfinished],)]

    await eventually(only_the_pending_ones_is_left, "the attempt at settled events is deleted")
    await worker.stop()


async def test_a_connection_cut_in_the_middle_counts_against_no_event(world: World, owner: asyncpg.Connection) -> None:
    waiting = (
        "FROM pg_locks WHERE NOT granted AND relation = 'messages'::regclass"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )

    async def is_in_the_middle() -> bool:
        return await world.rows(f"SELECT 1 {waiting}") != []

    async def is_forgotten() -> bool:
        return await attempts_left(world) == 0

    async with owner.transaction():
        await owner.execute("LOCK TABLE messages IN EXCLUSIVE MODE")
        await receive(world, "hello")
        await eventually(is_in_the_middle, "a text is being applied")
        await world.rows(f"SELECT pg_terminate_backend(pid) {waiting}")
        # Its process lives, and says so before another one can count it.
        await eventually(is_forgotten, "the attempt is forgotten")

    await world.settled()
    assert await bodies(world) == ["hello"]


async def test_an_event_that_fails_has_finished_and_is_tried_as_often_as_before(
    world: World, owner: asyncpg.Connection
) -> None:
    await refuse(owner, "poison")
    async with nobody_applies(world):
        (failing,) = await received(world, (PARENT, "poison"))
        await died_over(world, [failing], times=MAX_UNFINISHED - 1)

    await world.settled()

    assert await attempts_left(world) == 0
    assert await states(world, failing) == ["pending"]
    await accept_again(owner)
    await make_due(world)
    assert await bodies(world) == ["poison"]


async def test_an_organization_with_an_unfinished_attempt_comes_last(world: World) -> None:
    others = [await World.create(world.service) for _ in range(3)]
    async with world.service.database.transaction() as session:
        for each in [world, *others]:
            assert await try_lock_application(session, each.organization_id)
        suspected, *_ = [(await received(each, (PARENT, "hello")))[0] for each in [world, *others]]
        await died_over(world, [suspected])
        async with world.service.database.transaction() as beside:
            in_turn = await organizations_with_due_events(beside)
    assert len(in_turn) == 4
    assert in_turn[-1] == world.organization_id


async def test_STATUS_ORDER_a_run_of_several_batches_keeps_the_order_and_leaves_no_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "BATCH", 4)
    texts = [(PARENT if number % 2 else OTHER, f"text {number:02}") for number in range(22)]
    async with nobody_applies(world):
        await received(world, *texts)

    await world.settled()

    for sender in (PARENT, OTHER):
        messages = await world.thread((await world.conversation(sender))["id"])
        assert [message["body"] for message in messages] == [body for number, body in texts if number == sender]
    assert await attempts_left(world) == 0


async def test_a_batch_that_fails_in_the_middle_of_a_run_holds_up_nothing_before_or_after_it(
    world: World, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "BATCH", 4)
    await refuse(owner, "text 09")
    texts = [f"text {number:02}" for number in range(22)]
    async with nobody_applies(world):
        await received(world, *((PARENT, body) for body in texts))

    await world.settled()

    assert await bodies(world) == [body for body in texts if body != "text 09"]
    assert await attempts_left(world) == 0
    await accept_again(owner)


async def test_RECV_ONCE_events_that_another_process_has_applied_since_they_were_read_change_nothing(
    world: World,
) -> None:
    database, organization_id = world.service.database, world.organization_id
    async with nobody_applies(world):
        await received(world, (PARENT, "first"), (PARENT, "second"))
        async with database.transaction() as session:
            due = await due_events(session, organization_id, limit=10)
        read = await read_events(due, world.service.providers, organization_id=organization_id)
        async with database.transaction() as session:
            await apply_events(session, organization_id, read[:1], confirm_within=timedelta(seconds=20))
        with pytest.raises(ApplicationBusy):
            async with database.transaction() as session:
                await apply_events(session, organization_id, read, confirm_within=timedelta(seconds=20))
        assert await bodies(world) == ["first"]
    await world.settled()
    assert await bodies(world) == ["first", "second"]
