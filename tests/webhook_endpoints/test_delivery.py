"""HOOK: events reach a real HTTP server, signed, at least once, in order per conversation."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from standardwebhooks import WebhookVerificationError

from api.webhook_endpoints import delivery_queries
from api.webhook_endpoints.fan_out import clean_up
from api.webhook_endpoints.loop import fan_out_all
from api.webhook_endpoints.posting import WebhookClient
from api.webhook_endpoints.sending import LEASE, claim, post, settle
from tests.access.needs import API
from tests.support.webhooks import (
    DROP,
    HANG,
    OK,
    Received,
    answer,
    deliver,
    endpoint_of,
    finished,
    happen,
    log_of,
    nobody_held,
    opened,
    receiver,
    subscribe,
)
from tests.support.world import World

ENDPOINTS = f"{API}/webhook-endpoints"


@pytest.fixture
async def neighbour(world: World) -> World:
    return await World.create(world.service)


async def let_pass(world: World, time: timedelta) -> None:
    """So much time goes by, for everything that waits."""
    async with world.service.database.transaction() as session:
        for table, columns in (
            ("webhook_deliveries", ("due_at", "retry_until", "created_at", "finished_at")),
            ("webhook_endpoints", ("failing_since", "disabled_at", "previous_secret_until", "last_delivered_at")),
        ):
            sets = ", ".join(f"{column} = {column} - CAST(:time AS interval)" for column in columns)
            await session.execute(text(f"UPDATE {table} SET {sets}"), {"time": time})


async def test_HOOK_an_event_is_posted_once_signed_and_with_ids(world: World) -> None:
    conversation_id = uuid4()
    async with receiver() as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, opened(conversation_id))
        assert await deliver(world) == 1
        assert await deliver(world) == 0

    (request,) = them.received
    request.verify(endpoint["secret"])
    with pytest.raises(WebhookVerificationError):
        request.verify("whsec_" + "A" * 44)
    (delivery,) = await log_of(world.admin, endpoint["id"])
    assert request.id == delivery["event_id"]
    payload = request.payload
    assert sorted(payload) == ["data", "timestamp", "type"]
    assert payload["type"] == delivery["event_type"] == "conversation.opened"
    assert datetime.fromisoformat(payload["timestamp"]).tzinfo is not None
    assert payload["data"] == {
        "conversation_id": str(conversation_id),
        "message_id": None,
        "actor": {"kind": "system", "id": None},
    }
    assert delivery["state"] == "delivered"
    assert delivery["finished_at"] is not None
    assert delivery["next_attempt_at"] is None
    (attempt,) = delivery["attempts"]
    assert (attempt["status"], attempt["error"], attempt["response_excerpt"]) == (204, None, "")
    assert attempt["duration_ms"] >= 0


async def test_HOOK_an_endpoint_gets_the_types_that_it_wants_from_now_on(world: World) -> None:
    await happen(world, opened(uuid4()))
    async with receiver() as them:
        endpoint = await subscribe(world, them.url, event_types=["mass_text.finished"])
        await happen(world, opened(uuid4()), finished(uuid4()), opened(uuid4()))
        await deliver(world)
        assert [each.payload["type"] for each in them.received] == ["mass_text.finished"]
        changed = await world.admin.patch(f"{ENDPOINTS}/{endpoint['id']}", json={"event_types": []})
        assert changed.json()["event_types"] == []
        await happen(world, opened(uuid4()))
        await deliver(world)
    assert [each.payload["type"] for each in them.received] == ["mass_text.finished", "conversation.opened"]


async def test_HOOK_another_organization_gets_nothing(world: World, neighbour: World) -> None:
    async with receiver() as them:
        await subscribe(neighbour, them.url)
        await happen(world, opened(uuid4()))
        assert await deliver(world) == 0
    assert them.received == []


@pytest.mark.parametrize(
    ("answered", "status", "error"),
    [
        (answer(500, "It broke: \x00"), 500, "It answered 500."),
        (answer(302, location="http://169.254.169.254/"), 302, "It answered 302. Redirects are not followed"),
        (b"garbage\r\n\r\n", None, "The connection failed"),
        (DROP, None, "The connection failed"),
        (HANG, None, "It did not answer within 0.5 seconds."),
    ],
)
async def test_HOOK_a_failure_is_logged_and_retried_with_the_same_id(
    world: World, answered: bytes, status: int | None, error: str
) -> None:
    async with receiver(lambda _: answered) as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, opened(uuid4()))
        assert await deliver(world, total_seconds=0.5) == 1
        (delivery,) = await log_of(world.admin, endpoint["id"])
        assert delivery["state"] == "pending"
        (attempt,) = delivery["attempts"]
        assert attempt["status"] == status
        assert attempt["error"].startswith(error)
        assert (attempt["response_excerpt"] is None) == (status is None)
        assert (await endpoint_of(world.admin, endpoint["id"]))["failing_since"] is not None

        them.behaviour = lambda _: OK
        await let_pass(world, timedelta(seconds=10))
        assert await deliver(world) == 1
    assert [each.id for each in them.received] == [delivery["event_id"]] * 2
    (delivery,) = await log_of(world.admin, endpoint["id"])
    assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 2)
    assert (await endpoint_of(world.admin, endpoint["id"]))["failing_since"] is None


async def test_HOOK_an_answer_is_read_to_a_bound(world: World) -> None:
    async with receiver(lambda _: answer(200, "é" * 200_000)) as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, opened(uuid4()))
        await deliver(world)
    (delivery,) = await log_of(world.admin, endpoint["id"])
    assert delivery["state"] == "delivered"
    assert delivery["attempts"][0]["response_excerpt"] == "é" * 512


async def test_HOOK_order_per_conversation_and_one_does_not_hold_others(world: World) -> None:
    dead, alive = uuid4(), uuid4()

    def behaviour(request: Received) -> bytes:
        return answer(500) if request.payload["data"].get("conversation_id") == str(dead) else OK

    async with receiver(behaviour) as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, opened(dead), opened(alive), opened(dead), finished(uuid4()), opened(alive))
        await deliver(world)
        first, *_ = ids = [each["event_id"] for each in await log_of(world.admin, endpoint["id"])]
        assert [each.id for each in them.taken if each.payload["data"].get("conversation_id")] == [ids[1], ids[4]]
        assert ids[3] in {each.id for each in them.taken}
        assert {each.id for each in them.received} - {each.id for each in them.taken} == {first}
        waiting = await log_of(world.admin, endpoint["id"], state="pending")
        assert [each["event_id"] for each in waiting] == [ids[0], ids[2]]
        assert waiting[1]["next_attempt_at"] is None
        assert (await endpoint_of(world.admin, endpoint["id"]))["pending_deliveries"] == 2

        them.behaviour = lambda _: OK
        await let_pass(world, timedelta(minutes=1))
        await deliver(world)
    assert [each.id for each in them.taken[-2:]] == [ids[0], ids[2]]


async def test_HOOK_a_receiver_that_is_down_for_an_hour_gets_every_event_in_order(world: World) -> None:
    conversations = [uuid4() for _ in range(4)]
    async with receiver() as them:
        endpoint = await subscribe(world, them.url)
        await them.stop()
        for minute in range(60):
            await happen(world, opened(conversations[minute % 4]))
            await deliver(world)
            await let_pass(world, timedelta(minutes=1))
        assert them.received == []
        await them.start()
        for _ in range(5):
            await let_pass(world, timedelta(minutes=30))
            await deliver(world)
    expected = await log_of(world.admin, endpoint["id"])
    assert len(expected) == 60
    for conversation_id in conversations:
        got = [each.id for each in them.taken if each.payload["data"]["conversation_id"] == str(conversation_id)]
        every = [each["event_id"] for each in expected[conversations.index(conversation_id) :: 4]]
        assert got == every
    for each in them.taken:
        each.verify(endpoint["secret"])
    assert {each["state"] for each in expected} == {"delivered"}


async def test_HOOK_an_endpoint_that_fails_for_three_days_is_switched_off_and_goes_on_where_it_stood(
    world: World,
) -> None:
    async with receiver(lambda _: answer(503, "Down")) as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, opened(uuid4()))
        for _ in range(30):
            await deliver(world)
            await let_pass(world, timedelta(hours=6))
        stopped = await endpoint_of(world.admin, endpoint["id"])
        assert (stopped["enabled"], stopped["disabled_reason"]) == (False, "failing")
        assert stopped["disabled_at"] is not None
        attempts = len(them.received)
        await happen(world, opened(uuid4()))
        assert await deliver(world) == 0
        entries = (
            await world.admin.get(f"{API}/audit-entries", params={"action": "webhook_endpoint.switched_off"})
        ).json()
        (entry,) = entries["items"]
        assert entry["actor"]["kind"] == "system"
        assert entry["details"]["error"] == "It answered 503."
        status = (await world.admin.get(f"{API}/service-status")).json()
        assert [each["id"] for each in status["switched_off_webhook_endpoints"]] == [endpoint["id"]]

        them.behaviour = lambda _: OK
        on = (await world.admin.patch(f"{ENDPOINTS}/{endpoint['id']}", json={"enabled": True})).json()
        assert (on["enabled"], on["disabled_reason"], on["disabled_at"], on["failing_since"]) == (
            True,
            None,
            None,
            None,
        )
        await deliver(world)
    assert len(them.taken) == 2
    assert len(them.received) == attempts + 2
    status = (await world.admin.get(f"{API}/service-status")).json()
    assert status["switched_off_webhook_endpoints"] == []


async def test_HOOK_410_switches_the_endpoint_off(world: World) -> None:
    async with receiver(lambda _: answer(410)) as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, opened(uuid4()), opened(uuid4()))
        await deliver(world)
    stopped = await endpoint_of(world.admin, endpoint["id"])
    assert (stopped["enabled"], stopped["disabled_reason"], stopped["pending_deliveries"]) == (False, "gone", 2)


async def test_HOOK_an_event_that_no_attempt_delivers_fails_and_the_next_goes(world: World) -> None:
    """Others of the endpoint are delivered meanwhile, so that it stays on."""
    dead, alive = uuid4(), uuid4()

    def behaviour(request: Received) -> bytes:
        return answer(500) if request.payload["data"]["conversation_id"] == str(dead) else OK

    async with receiver(behaviour) as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, opened(dead))
        await deliver(world)
        for _ in range(14):
            await let_pass(world, timedelta(hours=6))
            await happen(world, opened(alive))
            await deliver(world)
        await happen(world, opened(dead))
        first = (await log_of(world.admin, endpoint["id"]))[0]
        assert first["state"] == "failed"
        assert 10 <= len(first["attempts"]) <= 25
        them.behaviour = lambda _: OK
        await deliver(world)
        assert them.taken[-1].payload["data"]["conversation_id"] == str(dead)
        replay = f"{ENDPOINTS}/{endpoint['id']}/deliveries/{first['id']}/replay"
        replayed = await world.admin.post(replay)
        assert (replayed.status_code, replayed.json()["state"]) == (202, "pending")
        await deliver(world)
        assert them.taken[-1].id == first["event_id"]
        assert (await world.admin.post(replay)).status_code == 202
        await deliver(world)
    assert [each.id for each in them.taken].count(first["event_id"]) == 2


async def test_HOOK_a_crash_after_the_post_delivers_again_with_the_same_id(world: World) -> None:
    async with receiver() as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, opened(uuid4()))
        await fan_out_all(world.service.database, nobody_held)
        async with world.service.database.transaction() as session:
            (due,) = await delivery_queries.due_endpoints(session)
        (crashed,) = await claim(world.service.database, due, limit=5)
        client = WebhookClient(world.service.settings.webhook_networks)
        result = await post(client, crashed, secrets=world.service.secret_box)
        assert await deliver(world) == 0
        await let_pass(world, LEASE)
        assert await deliver(world) == 1
        # The one that was slow, not dead, changes nothing.
        await settle(world.service.database, crashed, result)
        await client.close()
    (delivery,) = await log_of(world.admin, endpoint["id"])
    assert [each.id for each in them.taken] == [delivery["event_id"]] * 2
    assert len(delivery["attempts"]) == 1


async def test_HOOK_both_secrets_sign_for_a_day_after_a_rotation(world: World) -> None:
    async with receiver() as them:
        endpoint = await subscribe(world, them.url)
        rotated = (await world.admin.post(f"{ENDPOINTS}/{endpoint['id']}/rotate", json={})).json()
        assert rotated["secret"] != endpoint["secret"]
        assert rotated["previous_secret_until"] is not None
        await happen(world, opened(uuid4()))
        await deliver(world)
        await let_pass(world, timedelta(hours=24))
        await happen(world, opened(uuid4()))
        await deliver(world)
    both, one = them.received
    both.verify(endpoint["secret"])
    both.verify(rotated["secret"])
    one.verify(rotated["secret"])
    with pytest.raises(WebhookVerificationError):
        one.verify(endpoint["secret"])


async def test_HOOK_a_test_is_posted_once_also_to_an_endpoint_that_is_off(world: World) -> None:
    async with receiver(lambda _: answer(500, "No")) as them:
        endpoint = await subscribe(world, them.url, enabled=False)
        test = f"{ENDPOINTS}/{endpoint['id']}/test"
        started = await world.admin.post(test)
        assert (started.status_code, started.json()["event_type"]) == (202, "webhook_endpoint.test")
        assert (await world.admin.post(test)).status_code == 409
        await happen(world, opened(uuid4()))
        assert await deliver(world) == 1
        delivery = f"{ENDPOINTS}/{endpoint['id']}/deliveries/{started.json()['id']}"
        result: dict[str, Any] = (await world.admin.get(delivery)).json()
        assert (result["state"], result["attempts"][0]["status"]) == ("failed", 500)
        assert (await endpoint_of(world.admin, endpoint["id"]))["failing_since"] is None
        assert (await world.admin.post(f"{delivery}/replay")).status_code == 409
        them.behaviour = lambda _: OK
        again = await world.admin.post(test)
        await deliver(world)
        last = (await world.admin.get(f"{ENDPOINTS}/{endpoint['id']}/deliveries/{again.json()['id']}")).json()
        assert last["state"] == "delivered"
    assert them.taken[0].payload["data"] == {"webhook_endpoint_id": endpoint["id"]}


async def test_HOOK_a_name_that_comes_to_lead_to_a_private_address_is_not_called(world: World) -> None:
    """The address is checked at each post, and the connection goes to the address that was checked."""
    async with receiver() as them:
        addresses = ["8.8.8.8"]

        async def resolve(_: str, __: int) -> list[str]:
            return addresses

        client = WebhookClient((), resolve=resolve, total_seconds=0.5)
        addresses[:] = ["127.0.0.1"]
        posted = await client.post(f"https://rebound.example:{them.port}/", b"{}", {})
        await client.close()
    assert posted.status is None
    assert "not on the public internet" in (posted.error or "")
    assert them.received == []


async def test_deliveries_and_deleted_endpoints_are_cleaned_up(world: World) -> None:
    async with receiver() as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, opened(uuid4()), opened(uuid4()))
        await deliver(world)
        assert not await clean_up(world.service.database)
        assert len(await log_of(world.admin, endpoint["id"])) == 2
        assert (await world.admin.delete(f"{ENDPOINTS}/{endpoint['id']}")).status_code == 204
        assert (await world.admin.get(f"{ENDPOINTS}/{endpoint['id']}")).status_code == 404
        assert (await world.admin.get(ENDPOINTS)).json()["items"] == []
        await happen(world, opened(uuid4()))
        assert await deliver(world) == 0
        await clean_up(world.service.database)
    sizes = await world.table_sizes()
    assert (sizes["webhook_endpoints"], sizes["webhook_deliveries"]) == (0, 0)
