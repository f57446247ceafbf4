"""Raw content of provider events is forgotten after its time; what makes a repeat harmless is not (RECV-ONCE)."""

from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy.exc import IntegrityError

from api.inbound import retention
from api.inbound.retention import forget_raw_content
from tests.inbound.journal import PARENT, bodies, event, receive, refuse
from tests.support.business import LINE_NUMBER
from tests.support.world import World

DAYS = timedelta(days=90)


async def forget(world: World) -> int:
    return await forget_raw_content(world.service.database, world.organization_id, older_than=DAYS)


async def age(world: World, days: int) -> None:
    """Everything in the journal is that old."""
    await world.rows(
        "UPDATE inbound_events SET received_at = now() - make_interval(days => :days),"
        " id = CAST('0190' || substr(id::text, 5) AS uuid) RETURNING id",
        days=days,
    )


async def test_what_was_applied_is_emptied_after_its_time_and_not_before(world: World) -> None:
    await world.text(PARENT, "Hello?", sid="SM1")
    await age(world, 89)
    assert await forget(world) == 0
    await age(world, 91)
    assert (await forget(world), await forget(world)) == (1, 0)

    (item,) = (await world.admin.get("/api/v1/inbound-events")).json()["items"]
    detail = (await world.admin.get(f"/api/v1/inbound-events/{item['id']}")).json()
    assert (detail["raw"], detail["event_id"], detail["state"]) == (None, "SM1", "applied")
    assert [message["body"] for message in await world.thread((await world.conversation(PARENT))["id"])] == ["Hello?"]


async def test_a_pending_or_quarantined_event_keeps_its_content_however_old(
    world: World, owner: asyncpg.Connection
) -> None:
    await refuse(owner, "poison")
    await receive(world, "poison")
    await world.post_webhook("inbound", {"MessageSid": "SM1", "Body": "no sender"})
    await world.settled()
    await age(world, 1000)

    assert await forget(world) == 0
    assert len(await world.rows("SELECT 1 FROM inbound_events WHERE body IS NOT NULL")) == 2
    with pytest.raises(IntegrityError, match="ck_inbound_events_raw"):
        await world.rows("UPDATE inbound_events SET body = NULL RETURNING id")


async def test_RECV_ONCE_webhooks_that_come_again_after_it_change_nothing(world: World) -> None:
    text = {"MessageSid": "SM1", "From": PARENT, "To": LINE_NUMBER, "Body": "Hello?", "NumMedia": "0"}
    await world.text(PARENT, "Hello?", sid="SM1")
    conversation = await world.conversation(PARENT)
    path = f"/api/v1/conversations/{conversation['id']}/messages"
    sent = (await world.maria.post(path, json={"body": "Yes"})).json()
    await world.settle_as(sent["id"], "sent")
    status = {"MessageSid": "SM2", "MessageStatus": "delivered", "To": PARENT}
    await world.post_webhook("status", status, query=f"?message_id={sent['id']}")
    await world.settled()
    await age(world, 91)
    assert await forget(world) == 2
    before = await world.table_sizes()

    await world.post_webhook("inbound", text)
    await world.post_webhook("status", status, query=f"?message_id={sent['id']}")
    await world.settled()

    assert await world.table_sizes() == before
    detail = (await world.maria.get(f"/api/v1/messages/{sent['id']}")).json()
    assert [step["status"] for step in detail["timeline"]].count("delivered") == 1
    assert (await event(world, "SM1"))[0] == "applied"


async def test_it_goes_batch_by_batch_until_nothing_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        await receive(world, f"text {number}")
    await world.settled()
    await age(world, 91)
    assert await forget(world) == 5
    assert len(await bodies(world)) == 5
