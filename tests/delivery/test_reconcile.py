"""Unknown outcomes: they are reconciled, duplicate texts are distinguished, none is resent."""

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
    """A line of Twilio."""
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


async def test_SEND_NEVER_TWICE_duplicate_texts_are_distinguished_by_their_order(wire: Wire) -> None:
    first, second = await unknown(wire), await unknown(wire)
    wire.peer.answer = listing(
        listed("SM2", seconds=2, status="undelivered", error_code=30003), listed("SM1", seconds=1)
    )

    assert await wire.reconciles() == 2

    assert (await provider_id(wire, first), await wire.status(first)) == ("SM1", ("delivered", None))
    assert (await provider_id(wire, second), await wire.status(second)) == ("SM2", ("undelivered", "30003"))


async def test_SEND_NEVER_TWICE_one_listed_text_of_two_duplicates_resolves_neither_until_the_other_is_known(
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


async def test_SEND_NEVER_TWICE_a_duplicate_text_sent_during_the_reconciliation_is_told_apart(
    wire: Wire,
) -> None:
    first = await unknown(wire)
    second = await wire.queues(BODY)
    await wire.world.rows("UPDATE outbox SET due_at = now() RETURNING id")
    (claimed_unknown,) = await wire.reconciliations()
    (claimed,) = await wire.claims()
    answer = Found(StatusReport("SM2", MessageStatus.SENT, "sent", None, None, opted_out=False, provider_time=None))

    await settle_reconciliation(wire.world.service.database, claimed_unknown, answer)
    assert await wire.status(first) == ("unknown", None), "the text being sent may be the one that was found"

    wire.peer.answer = wire.dialect.accepts("SM2")
    await wire.sends(claimed)
    await settle_reconciliation(wire.world.service.database, claimed_unknown, answer)
    assert [await provider_id(wire, each) for each in (first, second)] == [None, "SM2"]


async def test_SEND_NEVER_TWICE_a_late_callback_resolves_it_and_ends_the_reconciliation(wire: Wire) -> None:
    message_id = await unknown(wire)
    await wire.reports("delivered", "SM1", ref=message_id)
    assert await wire.status(message_id) == ("delivered", None)
    assert await wire.reconciles() == 0


async def test_SEND_STATUS_a_callback_before_the_connection_broke_decides_the_status(wire: Wire) -> None:
    message_id = await wire.queues()
    (claimed,) = await wire.claims()
    await wire.reports("delivered", "SM1", ref=message_id)
    wire.peer.answer = disconnect
    await wire.sends(claimed)
    assert await wire.status(message_id) == ("delivered", None)
    assert await wire.world.rows("SELECT 1 FROM outbox") == []


async def test_a_callback_with_an_unknown_status_leaves_it_to_reconciliation(wire: Wire) -> None:
    message_id = await unknown(wire)
    await wire.reports("pondering", "SM1", ref=message_id)
    assert await wire.status(message_id) == ("unknown", None)
    wire.peer.answer = listing(listed("SM1", seconds=1))
    assert await wire.reconciles() == 1
    assert (await wire.message(message_id))["timeline"][-1]["source"] in {"provider", "reconciliation"}


async def test_a_message_found_with_an_unknown_status_has_been_sent(wire: Wire) -> None:
    message_id = await unknown(wire)
    wire.peer.answer = listing(listed("SM1", seconds=1, status="pondering"))
    assert await wire.reconciles() == 1
    assert await wire.status(message_id) == ("sent", None)


async def test_SEND_NEVER_TWICE_after_a_day_it_stays_unknown_and_the_timeline_says_so(wire: Wire) -> None:
    message_id = await unknown(wire)
    await wire.world.rows("UPDATE outbox SET claimed_at = now() - interval '24 hours 1 second' RETURNING id")
    wire.peer.requests.clear()

    assert await wire.reconciles() == 0

    assert await wire.status(message_id) == ("unknown", None)
    last = (await wire.message(message_id))["timeline"][-1]
    assert last["detail"] == "Nothing has been heard of it for a day. It may have arrived."
    assert wire.peer.requests == []
    assert await wire.world.rows("SELECT 1 FROM outbox") == []


async def test_SEND_NEVER_TWICE_a_text_that_waits_for_a_retry_is_not_posted_after_a_callback_for_it(
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
