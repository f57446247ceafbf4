"""NOT-SENT: a text that did not go is counted until somebody has seen to it."""

import pytest
from sqlalchemy import text as sql

from api.conversations.corrections import correct_conversations, count_failures
from api.delivery.reconcile import claim_unknown
from api.delivery.settle import settle
from api.providers.port import OutcomeUnknown
from tests.conversations.team import (
    API,
    PARENT,
    accept,
    callback,
    counts,
    details,
    get,
    listed,
    refuse,
    send,
    waiting,
)
from tests.support.service import ORIGIN
from tests.support.world import World


@pytest.fixture
async def conversation_id(world: World) -> str:
    await world.family("Rivera", PARENT)
    return await waiting(world)


async def not_sent(world: World, conversation_id: str) -> int:
    """As the row, the filter and the count say, which must agree."""
    count: int = (await get(world, conversation_id))["not_sent"]
    assert await listed(world, not_sent="true") == ([PARENT] if count else [])
    assert (await counts(world))["not_sent_conversations"] == bool(count)
    rows = await world.rows("SELECT count(*) FROM messages WHERE not_sent")
    assert rows == [(count,)]
    return count


async def test_NOT_SENT_a_refused_text_counts_until_it_is_sent_again(world: World, conversation_id: str) -> None:
    first, second = await send(world, conversation_id), await send(world, conversation_id)
    await refuse(world)
    await refuse(world)
    assert await not_sent(world, conversation_id) == 2

    assert (await world.maria.post(f"{API}/messages/{first}/retry")).status_code == 201
    assert await not_sent(world, conversation_id) == 1
    assert (await world.maria.post(f"{API}/messages/{second}/retry")).status_code == 201
    assert await not_sent(world, conversation_id) == 0


async def test_NOT_SENT_a_later_answer_settles_it(world: World, conversation_id: str) -> None:
    await send(world, conversation_id)
    await refuse(world)
    await send(world, conversation_id, "Once more")
    assert await not_sent(world, conversation_id) == 0
    await accept(world, "SM1")
    # It fails after somebody has answered again: nobody knew of it.
    await send(world, conversation_id, "A third one")
    await callback(world, "SM1", "undelivered", ErrorCode="30003")
    assert await not_sent(world, conversation_id) == 1


async def test_NOT_SENT_dismissing_is_audited_once(world: World, conversation_id: str) -> None:
    await send(world, conversation_id)
    await refuse(world)
    path = f"{API}/conversations/{conversation_id}/not-sent/dismiss"
    for _ in range(2):
        assert (await world.daniel.post(path)).json()["not_sent"] == 0
    assert await not_sent(world, conversation_id) == 0
    (dismissed,) = await details(world, conversation_id, "conversation.not_sent_dismissed")
    assert (dismissed["count"], dismissed["actor"]) == (1, "staff_member")


async def test_NOT_SENT_a_failure_opens_a_closed_conversation_exactly_once(world: World, conversation_id: str) -> None:
    await send(world, conversation_id, close=True)
    await accept(world, "SM1")
    for _ in range(2):
        await callback(world, "SM1", "undelivered", ErrorCode="30003")

    shown = await get(world, conversation_id)
    assert (shown["status"], shown["not_sent"]) == ("open", 1)
    opened = await details(world, conversation_id, "conversation.opened")
    assert [each.get("cause") for each in opened if each["actor"] == "system"] == ["not_sent"]

    # Closed again, it stays closed: the failure is known.
    closed = await world.maria.post(f"{API}/conversations/{conversation_id}/close", json={"seen_seq": 2})
    assert closed.json()["not_sent"] == 1
    await callback(world, "SM1", "undelivered", ErrorCode="30003")
    assert (await get(world, conversation_id))["status"] == "closed"


async def test_NOT_SENT_a_late_delivery_takes_it_back(world: World, conversation_id: str) -> None:
    await send(world, conversation_id)
    await accept(world, "SM1")
    await callback(world, "SM1", "undelivered", ErrorCode="30003")
    assert await not_sent(world, conversation_id) == 1
    await callback(world, "SM1", "delivered")
    assert await not_sent(world, conversation_id) == 0


async def test_NOT_SENT_an_unknown_outcome_counts_after_ten_minutes_and_a_callback_takes_it_back(
    world: World, conversation_id: str
) -> None:
    message_id = await send(world, conversation_id, close=True)
    (claimed,) = await world.claims()
    await settle(world.service.database, claimed, OutcomeUnknown(detail="It timed out."))

    async def reconcile(*, minutes: int) -> None:
        async with world.service.database.transaction() as session:
            await session.execute(
                sql("UPDATE outbox SET due_at = now(), claimed_at = now() - make_interval(mins => :minutes)"),
                {"minutes": minutes},
            )
        await claim_unknown(
            world.service.database, world.organization_id, secrets=world.service.secret_box, public_base_url=ORIGIN
        )

    await reconcile(minutes=9)
    assert await not_sent(world, conversation_id) == 0
    for _ in range(2):
        await reconcile(minutes=11)
    assert await not_sent(world, conversation_id) == 1
    assert (await get(world, conversation_id))["status"] == "open"
    assert len(await details(world, conversation_id, "conversation.opened")) == 1
    fields = {"MessageSid": "SM9", "MessageStatus": "delivered"}
    await world.post_webhook("status", fields, query=f"?message_id={message_id}")
    await world.settled()
    assert await not_sent(world, conversation_id) == 0


async def test_NOT_SENT_a_text_refused_at_its_claim_counts(world: World, conversation_id: str) -> None:
    await send(world, conversation_id)
    await world.text(PARENT, "STOP")
    assert await world.claims() == []
    assert await not_sent(world, conversation_id) == 1


async def test_R16_what_an_earlier_version_fails_answers_and_receives_is_corrected(
    world: World, conversation_id: str
) -> None:
    """The statements below are what a process of the version before 0023 writes."""
    old, failed = await send(world, conversation_id), await send(world, conversation_id, close=True)
    await world.settle_as(old, "failed")
    await world.rows("UPDATE messages SET created_at = now() - interval '2 days' WHERE id = :id RETURNING id", id=old)
    await world.settle_as(failed, "failed")

    async def correct() -> None:
        async with world.service.database.transaction() as session:
            await count_failures(session, world.organization_id)
        async with world.service.database.transaction() as session:
            assert not await correct_conversations(session, world.organization_id)

    await correct()
    assert await not_sent(world, conversation_id) == 1
    assert (await get(world, conversation_id))["status"] == "open"

    # A text that comes, then an answer, then another text.
    for direction, status, by in (("inbound", "received", None), ("outbound", "queued", world.staff_ids["maria"])):
        await world.rows(
            "INSERT INTO messages (organization_id, id, conversation_id, line_id, seq, direction, body, status,"
            " segments, encoding, search, sent_by_staff_member_id) SELECT organization_id, gen_random_uuid(), id,"
            " line_id, last_seq + 1, :direction, '', :status, 1, 'GSM-7', '', :by FROM conversations RETURNING id",
            direction=direction,
            status=status,
            by=by,
        )
        await world.rows("UPDATE conversations SET last_seq = last_seq + 1, status = 'open' RETURNING id")
        await correct()
        assert (await get(world, conversation_id))["waiting_since"] is None or direction == "inbound"
    shown = await get(world, conversation_id)
    assert shown["not_sent"] == 0
    assert (await world.rows("SELECT counted_seq = last_seq FROM conversations")) == [(True,)]
