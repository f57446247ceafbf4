"""HOOK: administrators make, change and delete endpoints; secrets are shown once and stored sealed."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from api.kit.secrets import SecretBox
from api.webhook_endpoints.keys import reseal_secrets
from api.webhook_endpoints.rules import MAX_ENDPOINTS
from tests.access.needs import API
from tests.support.webhooks import answer, deliver, endpoint_of, happen, log_of, opened, receiver, subscribe
from tests.support.world import World

ENDPOINTS = f"{API}/webhook-endpoints"
HERE = "http://127.0.0.1:9/hooks"


async def test_an_endpoint_is_made_changed_and_deleted_and_its_secret_is_shown_once(world: World) -> None:
    made = await world.admin.post(ENDPOINTS, json={"url": HERE, "description": "Class software"})
    endpoint = made.json()
    assert made.headers["location"] == f"{ENDPOINTS}/{endpoint['id']}"
    assert endpoint.pop("secret").startswith("whsec_")
    assert await endpoint_of(world.admin, endpoint["id"]) == endpoint
    assert (await world.admin.get(ENDPOINTS)).json() == {"items": [endpoint], "next_cursor": None}
    assert (endpoint["event_types"], endpoint["enabled"], endpoint["disabled_reason"]) == ([], True, None)

    path = f"{ENDPOINTS}/{endpoint['id']}"
    changed = await world.admin.patch(path, json={"enabled": False, "event_types": ["message.sent", "message.sent"]})
    assert changed.json()["event_types"] == ["message.sent"]
    assert (changed.json()["enabled"], changed.json()["disabled_reason"]) == (False, "person")
    entries = (await world.admin.get(f"{API}/audit-entries", params={"action": "webhook_endpoint.updated"})).json()
    assert entries["items"][0]["details"]["after"] == {"is_enabled": False, "event_types": ["message.sent"]}
    assert (await world.admin.patch(path, json={"enabled": False})).json() == changed.json()

    assert (await world.admin.delete(path)).status_code == 204
    for answered in (
        await world.admin.get(path),
        await world.admin.patch(path, json={}),
        await world.admin.delete(path),
        await world.admin.post(f"{path}/rotate", json={}),
        await world.admin.post(f"{path}/test"),
        await world.admin.get(f"{path}/deliveries"),
    ):
        assert answered.status_code == 404


async def test_the_secret_is_stored_sealed_and_never_in_the_audit_log(world: World) -> None:
    secret = (await subscribe(world, HERE))["secret"]
    async with world.service.database.transaction() as session:
        rows = [*(await session.execute(text("SELECT sealed_secret::text, url, description FROM webhook_endpoints")))]
        entries = [*(await session.execute(text("SELECT details::text FROM audit_entries")))]
    assert secret not in repr(rows)
    assert secret not in repr(entries)


async def test_a_repeated_request_shows_the_same_secret(world: World) -> None:
    headers = {"Idempotency-Key": "once"}
    first, again = [await world.admin.post(ENDPOINTS, json={"url": HERE}, headers=headers) for _ in range(2)]
    assert first.json() == again.json()
    assert len((await world.admin.get(ENDPOINTS)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "https://10.0.0.1/"}, "/url"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "/url"),
        ({"url": "http://[::ffff:192.168.0.1]/"}, "/url"),
        ({"url": "https://name.invalid/"}, "/url"),
        ({"url": "ftp://127.0.0.1/"}, "/url"),
        ({"url": HERE, "event_types": ["live.changed"]}, "/event_types/0"),
        ({"url": HERE, "event_types": ["webhook_endpoint.test"]}, "/event_types/0"),
        ({"url": HERE, "secret": "whsec_mine"}, "/secret"),
    ],
)
async def test_what_cannot_be_an_endpoint_is_422(world: World, body: dict[str, object], pointer: str) -> None:
    refused = await world.admin.post(ENDPOINTS, json=body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == pointer
    endpoint = await subscribe(world, HERE)
    changed = await world.admin.patch(f"{ENDPOINTS}/{endpoint['id']}", json=body)
    assert changed.status_code == 422
    assert (await endpoint_of(world.admin, endpoint["id"]))["url"] == HERE


async def test_an_organization_has_a_bounded_number_of_endpoints(world: World) -> None:
    made = [(await world.admin.post(ENDPOINTS, json={"url": HERE})).status_code for _ in range(MAX_ENDPOINTS + 1)]
    assert made == [201] * MAX_ENDPOINTS + [409]


async def test_the_delivery_log_pages_and_filters(world: World) -> None:
    async with receiver(lambda request: answer(500 if len(them.received) % 2 else 200)) as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, *(opened(uuid4()) for _ in range(6)))
        await deliver(world)
    path = f"{ENDPOINTS}/{endpoint['id']}/deliveries"
    first = (await world.admin.get(path, params={"limit": 4})).json()
    second = (await world.admin.get(path, params={"limit": 4, "cursor": first["next_cursor"]})).json()
    ids = [each["id"] for each in (*first["items"], *second["items"])]
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (4, 2, None)
    assert ids == sorted(ids, reverse=True)
    states = [len(await log_of(world.admin, endpoint["id"], state=each)) for each in ("delivered", "pending", "failed")]
    assert states == [3, 3, 0]


async def test_HOOK_replay_makes_a_waiting_delivery_due_now(world: World) -> None:
    conversation_id = uuid4()
    async with receiver(lambda _: answer(500)) as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, opened(conversation_id), opened(conversation_id))
        await deliver(world)
        first, behind = await log_of(world.admin, endpoint["id"])
        path = f"{ENDPOINTS}/{endpoint['id']}/deliveries"
        assert (await world.admin.post(f"{path}/{behind['id']}/replay")).status_code == 409
        assert await deliver(world) == 0
        assert (await world.admin.post(f"{path}/{first['id']}/replay")).status_code == 202
        them.behaviour = lambda _: answer(200)
        assert await deliver(world) == 2
    assert [each.id for each in them.taken] == [first["event_id"], behind["event_id"]]


async def test_secrets_are_sealed_anew_when_the_secret_key_is_replaced(world: World) -> None:
    old, new = "a key for tests", "another key"
    async with receiver() as them:
        endpoint = await subscribe(world, them.url)
        database, before = world.service.database, world.service.secret_box
        async with database.transaction() as session:
            (sealed,) = await session.scalars(text("SELECT sealed_secret FROM webhook_endpoints"))
        opened_before = before.open(sealed)
        assert opened_before["secret"] == endpoint["secret"]
        moved = SecretBox(new, old)
        async with database.transaction() as session:
            await session.execute(
                text("UPDATE webhook_endpoints SET sealed_secret = :sealed"),
                {"sealed": SecretBox(old).seal(opened_before)},
            )
        assert await reseal_secrets(database, moved) == 1
        assert await reseal_secrets(database, moved) == 0
        async with database.transaction() as session:
            (sealed,) = await session.scalars(text("SELECT sealed_secret FROM webhook_endpoints"))
        assert SecretBox(new).open(sealed) == opened_before


async def test_ERASE_what_an_integration_answered_about_a_number_is_erased(world: World) -> None:
    number = "+13125550177"
    await world.family("Ito", number)
    async with receiver(lambda _: answer(200, f"Thanks, {number} noted")) as them:
        endpoint = await subscribe(world, them.url)
        await happen(world, opened(uuid4()))
        await deliver(world)
    assert number in (await log_of(world.admin, endpoint["id"]))[0]["attempts"][0]["response_excerpt"]
    erased = await world.admin.post(f"{API}/phone-numbers/{number}/erase", json={"reason": "Asked by letter."})
    assert erased.status_code == 200, erased.text
    shown = await log_of(world.admin, endpoint["id"])
    assert [each["attempts"] for each in shown] == [[]]
