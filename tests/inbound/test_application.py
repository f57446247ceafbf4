"""RECV-NOTHING-LOST: what cannot be understood or applied is kept, and never holds up the next."""

import asyncpg

from api.inbound.queries import try_lock_application
from api.inbound.rules import MAX_ATTEMPTS
from tests.inbound.journal import PARENT, accept_again, bodies, event, make_due, receive, refuse
from tests.support.backends import cut, until_it_waits
from tests.support.business import LINE_NUMBER
from tests.support.world import World

UNREADABLE = [
    {"From": PARENT, "Body": "no id"},
    {"MessageSid": "SM1", "Body": "no sender"},
    {"MessageSid": "SM2", "From": PARENT, "Body": "x", "NumMedia": "many"},
    {"MessageSid": "", "From": "", "Body": ""},
]


async def test_authentic_events_that_cannot_be_read_are_quarantined_and_the_next_is_applied(world: World) -> None:
    for fields in UNREADABLE:
        assert (await world.post_webhook("inbound", fields)).status_code == 200
    await world.text(PARENT, "Hello?")

    waiting = await world.rows("SELECT state, error FROM inbound_events WHERE state <> 'applied'")
    assert [state for state, _ in waiting] == ["quarantined"] * len(UNREADABLE)
    assert all(error for _, error in waiting)
    assert await bodies(world) == ["Hello?"]


async def test_a_callback_that_cannot_be_read_is_quarantined_too(world: World) -> None:
    assert (await world.post_webhook("status", {"MessageSid": "SM1", "To": PARENT})).status_code == 200
    await world.settled()
    state, _, error = await event(world, "SM1")
    assert (state, error) == ("quarantined", "The callback has no MessageSid or no MessageStatus.")


async def test_an_event_that_fails_is_retried_alone_and_the_others_are_applied(
    world: World, owner: asyncpg.Connection
) -> None:
    await refuse(owner, "poison")
    # One batch: a text before it, one after it in the same conversation, one in another.
    async with world.service.database.transaction() as session:
        assert await try_lock_application(session, world.organization_id)
        await receive(world, "before")
        sid = await receive(world, "poison")
        await receive(world, "after")
        await receive(world, "elsewhere", sender="+13125550102")
    await world.settled()

    assert sorted(await bodies(world)) == ["after", "before", "elsewhere"]
    state, attempts, error = await event(world, sid)
    assert (state, attempts > 0) == ("pending", True)
    assert error is not None
    assert "unforeseen" in error
    assert (await world.conversation(PARENT))["last_seq"] == 2, "What failed has used no number up."
    assert await world.indicator() == (3, 0)


async def test_an_event_that_failed_is_applied_once_it_can_be(world: World, owner: asyncpg.Connection) -> None:
    await refuse(owner, "poison")
    sid = await receive(world, "poison")
    await world.settled()
    assert await bodies(world) == []
    state, attempts, _ = await event(world, sid)
    assert (state, attempts > 0) == ("pending", True)

    await accept_again(owner)
    await make_due(world)

    assert await bodies(world) == ["poison"]
    state, _, error = await event(world, sid)
    assert (state, error) == ("applied", None)


async def test_an_event_that_fails_for_good_is_quarantined_with_its_error_and_kept(
    world: World, owner: asyncpg.Connection
) -> None:
    await refuse(owner, "poison")
    sid = await receive(world, "poison")
    for _ in range(MAX_ATTEMPTS):
        await make_due(world)

    state, attempts, error = await event(world, sid)
    assert (state, attempts) == ("quarantined", MAX_ATTEMPTS)
    assert error is not None
    assert "unforeseen" in error
    ((kept,),) = await world.rows("SELECT body FROM inbound_events")
    assert b"poison" in kept
    await make_due(world)
    assert (await event(world, sid))[1] == MAX_ATTEMPTS, "Quarantined means that it is left alone."


async def test_what_failed_leaves_no_trace_of_a_half_applied_event(world: World, owner: asyncpg.Connection) -> None:
    await refuse(owner, "STOP")
    before = await world.table_sizes()
    await receive(world, "STOP")
    await world.settled()

    after = await world.table_sizes()
    assert after.pop("inbound_events") == before.pop("inbound_events") + 1
    assert after == before


async def test_an_event_in_the_journal_survives_that_nobody_applied_it(world: World) -> None:
    """As after a crash between the webhook's answer and its application."""
    path, body, _ = world.webhook("inbound", {"MessageSid": "SM9", "From": PARENT, "To": LINE_NUMBER, "Body": "Hi"})
    assert path
    await world.rows(
        "INSERT INTO inbound_events (organization_id, id, line_id, provider, event_id, kind, phone_number,"
        " content_type, body) VALUES (:organization, gen_random_uuid(), :line, 'simulator', 'SM9', 'message', :number,"
        " 'application/x-www-form-urlencoded', :body) RETURNING id",
        organization=world.organization_id,
        line=world.line_id,
        number=PARENT,
        body=body,
    )
    await world.settled()
    assert await bodies(world) == ["Hi"]


async def test_an_event_of_a_provider_that_this_version_does_not_know_is_quarantined(world: World) -> None:
    sid = await receive(world, "Hello?")
    await world.settled()
    await world.rows(
        "UPDATE inbound_events SET provider = 'carrier-pigeon', state = 'pending' WHERE event_id = :sid RETURNING id",
        sid=sid,
    )
    await world.settled()
    state, _, error = await event(world, sid)
    assert state == "quarantined"
    assert error == "This version has no adapter for carrier-pigeon."


async def test_connections_cut_while_an_event_is_applied_are_not_held_against_the_event(
    world: World, owner: asyncpg.Connection
) -> None:
    async with owner.transaction():
        await owner.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        sid = await receive(world, "Hello?")
        # As one of a batch, and alone.
        for _ in range(3):
            await cut(world, await until_it_waits(world))

    await world.settled()
    assert await event(world, sid) == ("applied", 0, None)
    assert await bodies(world) == ["Hello?"]


async def test_R7_a_change_of_a_table_waits_for_no_run_that_only_holds_the_lock(
    world: World, owner: asyncpg.Connection
) -> None:
    """A migration that waited for the run would be waited for by its batches. PostgreSQL ends no such circle."""
    async with owner.transaction():
        await owner.execute("LOCK TABLE inbound_attempts IN SHARE MODE")
        await receive(world, "Hello?")
        await until_it_waits(world)
        await owner.execute("SET LOCAL lock_timeout = '5s'")
        await owner.execute("LOCK TABLE inbound_events IN ACCESS EXCLUSIVE MODE")
    await world.settled()
    assert await bodies(world) == ["Hello?"]
