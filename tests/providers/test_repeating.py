"""An unknown outcome at Telnyx is resolved by repeating under the same key, where the text may still leave (0011)."""

import asyncio

import pytest

from api.audit.rules import SYSTEM
from api.consent import service as consent
from api.directory import queries as directory
from api.directory.rules import OptInSource
from api.kit.database import database_time
from tests.providers.dialects.dialect import PARENT
from tests.providers.dialects.telnyx import Telnyx
from tests.providers.peer import Peer, disconnect
from tests.providers.wire import Wire
from tests.support.world import World


@pytest.fixture
async def wire(world: World, peer: Peer) -> Wire:
    """A line of Telnyx's; the provider takes each text and breaks off, until it is told otherwise."""
    await world.family("Smith", PARENT)
    return await Wire.laid(world, Telnyx(), peer)


async def broken_off(wire: Wire, body: str = "See you at five!") -> str:
    """A text whose outcome is unknown; its id."""
    wire.peer.answer = disconnect
    message_id = await wire.queues(body)
    assert await wire.delivers() == 1
    assert await wire.status(message_id) == ("unknown", None)
    wire.peer.requests.clear()
    wire.peer.answer = wire.dialect.accepts("theirs-1")
    return message_id


async def test_SEND_NEVER_TWICE_the_repetition_is_the_same_request_and_resolves_the_message(wire: Wire) -> None:
    wire.peer.answer = disconnect
    message_id = await wire.queues()
    await wire.delivers()
    wire.peer.answer = wire.dialect.accepts("theirs-1")
    assert await wire.reconciles() == 1
    assert await wire.status(message_id) == ("sent", None)
    first, second = wire.peer.requests
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == message_id
    assert (await wire.message(message_id))["provider_message_id"] == "theirs-1"
    assert await wire.reconciles() == 0


async def test_OPTIN_DISPATCH_after_a_STOP_nothing_is_repeated_until_it_is_lifted(wire: Wire) -> None:
    message_id = await broken_off(wire)
    await wire.arrives("STOP")
    assert await wire.reconciles() == 1
    assert wire.peer.requests == []
    assert await wire.status(message_id) == ("unknown", None)
    await wire.arrives("START")
    await wire.reconciles()
    assert await wire.status(message_id) == ("sent", None)


async def test_OPTIN_DISPATCH_a_STOP_that_commits_while_the_question_is_taken_is_heeded(wire: Wire) -> None:
    await broken_off(wire)
    await wire.world.rows("UPDATE outbox SET due_at = now() RETURNING id")
    world = wire.world
    async with world.service.database.transaction() as session:
        number = await directory.phone_number(session, world.organization_id, PARENT)
        assert number is not None
        number = await directory.lock_phone_number(session, world.organization_id, number.id)
        at = await database_time(session)
        consent.stop(number, actor=SYSTEM, source=OptInSource.KEYWORD, at=at)
        await session.flush()
        asking = asyncio.create_task(wire.reconciliations())
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while not await world.rows(waiting):
            assert not asking.done(), "it must wait for the number's lock"
            await asyncio.sleep(0.01)
    (question,) = await asking
    assert question.message.repeat is None


async def test_OPTIN_ALL_a_new_opted_out_record_forbids_the_repetition(wire: Wire) -> None:
    message_id = await broken_off(wire)
    await wire.world.family("Jones", PARENT, state="opted_out")
    await wire.reconciles()
    assert (wire.peer.requests, await wire.status(message_id)) == ([], ("unknown", None))


async def test_SEND_ORDER_what_another_text_has_followed_is_not_repeated(wire: Wire) -> None:
    message_id = await broken_off(wire, "first")
    second = await wire.queues("second")
    await wire.delivers()
    assert await wire.status(second) == ("sent", None)
    assert await wire.reconciles() == 1
    assert [wire.dialect.posted(request).text for request in wire.peer.requests] == ["second"]
    assert await wire.status(message_id) == ("unknown", None)
    await wire.reports("delivered", "theirs-0", ref=message_id)
    assert await wire.status(message_id) == ("delivered", None)


async def test_a_text_is_not_repeated_when_it_would_come_late(wire: Wire) -> None:
    message_id = await broken_off(wire)
    await wire.world.rows("UPDATE outbox SET claimed_at = now() - interval '61 minutes' RETURNING id")
    assert await wire.reconciles() == 1
    assert (wire.peer.requests, await wire.status(message_id)) == ([], ("unknown", None))


async def test_OPTIN_STOP_a_refusal_of_the_repetition_fails_the_message_and_stops_the_number(wire: Wire) -> None:
    message_id = await broken_off(wire)
    wire.peer.answer = wire.dialect.refuses(400, "40300")
    await wire.reconciles()
    assert await wire.status(message_id) == ("failed", "40300")
    assert await wire.check() == "stopped"
    timeline = (await wire.message(message_id))["timeline"]
    assert (timeline[-1]["status"], timeline[-1]["source"], timeline[-1]["code"]) == (
        "failed",
        "reconciliation",
        "40300",
    )
    assert await wire.reconciles() == 0
