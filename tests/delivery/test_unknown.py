"""What becomes of a text of which nobody knows whether it has left: asked about, told apart, never resent."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from api.delivery.reconcile import settle_reconciliation
from api.providers.port import Found, MessageStatus, NotProcessed, StatusReport
from tests.providers.dialects.dialect import LINE_NUMBER, PARENT
from tests.providers.dialects.twilio import Twilio
from tests.providers.peer import Answer, Peer, disconnect, http
from tests.providers.wire import Wire
from tests.support.world import World

BODY = "See you at five!"


@pytest.fixture
async def wire(world: World, peer: Peer) -> Wire:
    """A line of Twilio's, which takes each text and breaks off, until it is told otherwise."""
    await world.family("Smith", PARENT)
    return await Wire.laid(world, Twilio(), peer)


async def unknown(wire: Wire, body: str = BODY) -> str:
    wire.peer.answer = disconnect
    message_id = await wire.queues(body)
    assert await wire.delivers() == 1
    assert await wire.status(message_id) == ("unknown", None)
    return message_id


def listed(sid: str, *, seconds: float, status: str = "delivered", error_code: int | None = None) -> dict[str, Any]:
    """A text as Twilio's list has it, made that long after now."""
    return {
        "sid": sid,
        "body": BODY,
        "date_created": format_datetime(datetime.now(UTC) + timedelta(seconds=seconds)),
        "direction": "outbound-api",
        "error_code": error_code,
        "from": LINE_NUMBER,
        "status": status,
        "to": PARENT,
    }


def listing(*newest_first: dict[str, Any]) -> Answer:
    return http(200, {"messages": list(newest_first)})


async def provider_id(wire: Wire, message_id: str) -> str | None:
    found: str | None = (await wire.message(message_id))["provider_message_id"]
    return found


async def test_SEND_NEVER_TWICE_equal_texts_that_the_provider_has_are_told_apart_by_their_order(wire: Wire) -> None:
    first, second = await unknown(wire), await unknown(wire)
    wire.peer.answer = listing(
        listed("SM2", seconds=2, status="undelivered", error_code=30003), listed("SM1", seconds=1)
    )

    assert await wire.reconciles() == 2

    assert (await provider_id(wire, first), await wire.status(first)) == ("SM1", ("delivered", None))
    assert (await provider_id(wire, second), await wire.status(second)) == ("SM2", ("undelivered", "30003"))


async def test_SEND_NEVER_TWICE_of_two_equal_texts_the_only_one_at_the_provider_is_neithers_until_one_is_known(
    wire: Wire,
) -> None:
    first, second = await unknown(wire), await unknown(wire)
    wire.peer.answer = listing(listed("SM1", seconds=1))

    await wire.reconciles()
    assert [await wire.status(each) for each in (first, second)] == [("unknown", None)] * 2

    await wire.reports("delivered", "SM1", ref=second)
    assert await wire.status(second) == ("delivered", None)
    await wire.reconciles()
    assert (await wire.status(first), await provider_id(wire, first)) == (("unknown", None), None)


async def test_SEND_NEVER_TWICE_an_equal_text_sent_while_the_provider_is_asked_is_not_mistaken(wire: Wire) -> None:
    first = await unknown(wire)
    second = await wire.queues(BODY)
    await wire.world.rows("UPDATE outbox SET due_at = now() RETURNING id")
    (question,) = await wire.reconciliations()
    (claimed,) = await wire.claims()
    answer = Found(StatusReport("SM2", MessageStatus.SENT, "sent", None, None, opted_out=False, provider_time=None))

    await settle_reconciliation(wire.world.service.database, question, answer)
    assert await wire.status(first) == ("unknown", None), "the text that is under way may be the one that was found"

    wire.peer.answer = wire.dialect.accepts("SM2")
    await wire.sends(claimed)
    await settle_reconciliation(wire.world.service.database, question, answer)
    assert [await provider_id(wire, each) for each in (first, second)] == [None, "SM2"]


async def test_SEND_NEVER_TWICE_a_late_callback_resolves_it_and_nobody_is_asked_any_more(wire: Wire) -> None:
    message_id = await unknown(wire)
    await wire.reports("delivered", "SM1", ref=message_id)
    assert await wire.status(message_id) == ("delivered", None)
    assert await wire.reconciles() == 0


async def test_SEND_STATUS_a_callback_that_came_before_the_connection_broke_is_the_last_word(wire: Wire) -> None:
    message_id = await wire.queues()
    (claimed,) = await wire.claims()
    await wire.reports("delivered", "SM1", ref=message_id)
    wire.peer.answer = disconnect
    await wire.sends(claimed)
    assert await wire.status(message_id) == ("delivered", None)
    assert await wire.world.rows("SELECT 1 FROM outbox") == []


async def test_a_callback_that_tells_nothing_leaves_it_to_be_asked_about(wire: Wire) -> None:
    message_id = await unknown(wire)
    await wire.reports("pondering", "SM1", ref=message_id)
    assert await wire.status(message_id) == ("unknown", None)
    wire.peer.answer = listing(listed("SM1", seconds=1))
    assert await wire.reconciles() == 1
    assert (await wire.message(message_id))["timeline"][-1]["source"] in {"provider", "reconciliation"}


async def test_what_is_found_under_a_word_that_nobody_knows_has_been_handed_over(wire: Wire) -> None:
    message_id = await unknown(wire)
    wire.peer.answer = listing(listed("SM1", seconds=1, status="pondering"))
    assert await wire.reconciles() == 1
    assert await wire.status(message_id) == ("sent", None)


async def test_SEND_NEVER_TWICE_after_a_day_it_stays_unknown_and_says_so(wire: Wire) -> None:
    message_id = await unknown(wire)
    await wire.world.rows("UPDATE outbox SET claimed_at = now() - interval '24 hours 1 second' RETURNING id")
    wire.peer.requests.clear()

    assert await wire.reconciles() == 0

    assert await wire.status(message_id) == ("unknown", None)
    last = (await wire.message(message_id))["timeline"][-1]
    assert last["detail"] == "Nothing has been heard of it for a day. It may have arrived."
    assert wire.peer.requests == []
    assert await wire.world.rows("SELECT 1 FROM outbox") == []


async def test_SEND_NEVER_TWICE_a_text_that_waits_for_another_try_and_turns_out_to_have_left_is_not_posted_again(
    wire: Wire,
) -> None:
    wire.peer.answer = http(429, b"")
    message_id = await wire.queues()
    (claimed,) = await wire.claims()
    assert isinstance(await wire.sends(claimed), NotProcessed)

    await wire.reports("delivered", "SM1", ref=message_id)
    await wire.world.rows("UPDATE outbox SET due_at = now() RETURNING id")

    assert await wire.delivers() == 0
    assert len(wire.peer.requests) == 1
    assert await wire.status(message_id) == ("delivered", None)
    assert await wire.world.rows("SELECT 1 FROM outbox") == []


async def test_SEND_STATUS_a_later_event_never_erases_an_error(wire: Wire) -> None:
    wire.peer.answer = wire.dialect.accepts("SM1")
    message_id = await wire.queues()
    await wire.delivers()
    await wire.reports("undelivered", "SM1", error_code="30003")
    for word in ("sent", "failed", "delivered", "undelivered"):
        await wire.reports(word, "SM1")
    assert await wire.status(message_id) == ("delivered", "30003")
