"""SEND-ONCE: requests with one Idempotency-Key take effect once, repeated and concurrent ones included."""

import asyncio
import hashlib
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.encoders import jsonable_encoder

from api.access.rules import Permission
from api.conversations.schemas import MessageIn
from api.directory.schemas import StaffMemberIn
from api.kit import idempotency
from api.kit.idempotency import forget_answers
from api.kit.secrets import SecretBox
from api.lines.schemas import LineIn
from tests.access.payloads import new_line, new_person
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"

KEEP = timedelta(hours=72)


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any] | None, key: str = "key-1") -> httpx.Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": key})


async def test_SEND_ONCE_the_same_request_again_gets_the_same_answer_and_sends_nothing(world: World, path: str) -> None:
    first = await post(world.maria, path, {"body": "Yes"})
    again = await post(world.maria, path, {"body": "Yes"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await world.rows("SELECT count(*) FROM outbox") == [(1,)]
    assert (await world.audited()).count("message.sent") == 1


async def test_SEND_ONCE_the_answer_is_the_first_ones_whatever_has_happened_since(world: World, path: str) -> None:
    first = await post(world.maria, path, {"body": "Yes", "seen_seq": 1})
    await world.settle_as(first.json()["id"], "delivered")
    await world.text(PARENT, "STOP")

    again = await post(world.maria, path, {"body": "Yes", "seen_seq": 1})

    assert again.status_code == 201
    assert again.json() == first.json()


async def test_SEND_ONCE_the_same_key_with_another_body_is_422(world: World, path: str) -> None:
    await post(world.maria, path, {"body": "Yes"})

    for other in ({"body": "No"}, {"body": "Yes", "close": True}, {"body": "Yes", "seen_seq": 1}):
        refused = await post(world.maria, path, other)
        assert refused.status_code == 422
        assert refused.json()["type"] == "/problems/idempotency-conflict"
    assert await world.rows("SELECT count(*) FROM outbox") == [(1,)]


async def test_SEND_ONCE_a_body_spelled_otherwise_is_the_same_body(world: World, path: str) -> None:
    first = await post(world.maria, path, {"body": "Yes"})
    again = await post(world.maria, path, {"close": False, "media_urls": [], "body": "Yes", "seen_seq": None})
    assert again.json() == first.json()


async def test_SEND_ONCE_ten_at_once_send_one_message(world: World, path: str) -> None:
    answers = await asyncio.gather(*(post(world.maria, path, {"body": "Yes"}) for _ in range(10)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    created = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.json()["id"] for answer in created}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in created) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["type"] == "/problems/idempotency-conflict"
            assert answer.headers["retry-after"] == "1"
    assert await world.rows("SELECT count(*) FROM messages WHERE direction = 'outbound'") == [(1,)]
    # A request that was told to wait gets the answer when it is repeated.
    assert (await post(world.maria, path, {"body": "Yes"})).json() == created[0].json()


async def test_SEND_ONCE_a_refusal_is_not_remembered(world: World, path: str) -> None:
    refused = await post(world.maria, path, {"body": "Yes", "seen_seq": 0})
    assert refused.status_code == 409
    assert await world.rows("SELECT id FROM idempotency_keys") == []
    # The body must stay the same, so the reason for the refusal is removed.
    await world.text(PARENT, "STOP")
    assert (await post(world.maria, path, {"body": "Yes"}, "key-2")).status_code == 409
    await world.text(PARENT, "START")
    assert (await post(world.maria, path, {"body": "Yes"}, "key-2")).status_code == 201


async def test_SEND_ONCE_a_key_is_its_principals_own(world: World, path: str) -> None:
    by_key = await world.api_key(*Permission)
    answers = [await post(client, path, {"body": "Yes"}) for client in (world.maria, world.admin, by_key)]
    neighbour = await World.create(world.service)
    elsewhere = await post(neighbour.admin, f"{API}/families", {"name": "New", "contacts": []})

    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.json()["id"] for answer in answers}) == 3
    assert elsewhere.status_code == 201


async def test_SEND_ONCE_a_key_is_for_one_conversation_and_one_operation(world: World, path: str) -> None:
    await world.text("+13125550102", "Hello?")
    other = f"{API}/conversations/{(await world.conversation('+13125550102'))['id']}/messages"
    assert (await post(world.maria, path, {"body": "Yes"})).status_code == 201
    assert (await post(world.maria, other, {"body": "Yes"})).status_code == 422
    assert (await post(world.maria, f"{API}/families", {"name": "New", "contacts": []})).status_code == 422


async def test_SEND_ONCE_sending_again_happens_once_too(world: World, path: str) -> None:
    failed = (await post(world.maria, path, {"body": "Yes"}, "sending")).json()
    await world.settle_as(failed["id"], "failed")

    first = await post(world.maria, f"{API}/messages/{failed['id']}/retry", None, "again")
    again = await post(world.maria, f"{API}/messages/{failed['id']}/retry", None, "again")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()


CREATIONS: dict[str, dict[str, Any]] = {
    "families": {"name": "New", "contacts": []},
    "staff-members": new_person(),
    "lines": new_line(),
    "webhook-endpoints": {"url": "http://127.0.0.1:9/"},
    "api-keys": {"name": "Key", "permissions": []},
    "conversations": {"phone_number": PARENT},
}


@pytest.mark.parametrize("resource", CREATIONS)
async def test_every_POST_that_creates_creates_once(world: World, resource: str) -> None:
    await world.family("Rivera", PARENT)
    body = CREATIONS[resource]
    before = await world.table_sizes()

    first = await post(world.admin, f"{API}/{resource}", body)
    after = await world.table_sizes()
    again = await post(world.admin, f"{API}/{resource}", body)
    other = await post(world.admin, f"{API}/{resource}", {**body, "phone_number": "+13125550142", "name": "Other"})

    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status_code == 422
    assert await world.table_sizes() == after
    table = resource.replace("-", "_")
    assert after[table] == before[table] + 1


async def test_a_malformed_key_is_refused(world: World, path: str) -> None:
    for key in ("", " ", "a b", "é", "x" * 256):
        headers = {b"Idempotency-Key": key.encode("latin-1")}
        response = await world.maria.post(path, json={"body": "Yes"}, headers=headers)
        assert (key, response.status_code) == (key, 422)
        assert response.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"
    assert await world.rows("SELECT count(*) FROM outbox") == [(0,)]


async def test_without_a_key_equal_requests_send_two_messages(world: World, path: str) -> None:
    for _ in range(2):
        assert (await world.maria.post(path, json={"body": "Yes"})).status_code == 201
    assert await world.rows("SELECT count(*) FROM outbox") == [(2,)]


# What is stored, and for how long.


NEW_PERSON: dict[str, Any] = {
    "name": "Zoe",
    "email": "zoe@gym.test",
    "password": "a very secret one",
    "permissions": [],
}


async def stored_bytes(world: World) -> bytes:
    """Every stored value of the idempotency keys."""
    ((held,),) = await world.rows("SELECT string_agg(k::text, ' ') FROM idempotency_keys AS k")
    return str(held).encode()


async def test_a_fingerprint_needs_the_secret_key_of_the_service(world: World) -> None:
    """With a plain hash, a reader of the database could try passwords."""
    line = {**new_line(), "credentials": {"account_sid": "AC1", "auth_token": "very secret too"}}
    for resource, body in (("staff-members", NEW_PERSON), ("lines", line)):
        assert (await post(world.admin, f"{API}/{resource}", body, f"new-{resource}")).status_code == 201
    hashes = {row[0] for row in await world.rows("SELECT request_hash FROM idempotency_keys")}

    assert b"very secret" not in await stored_bytes(world)
    models = {"create-staff-member": StaffMemberIn(**NEW_PERSON), "create-line": LineIn(**line)}
    for operation, model in models.items():
        asked = json.dumps([operation, jsonable_encoder(model)], sort_keys=True).encode()
        assert world.service.secret_box.fingerprint("idempotency", asked) in hashes
        assert hashlib.sha256(asked).digest() not in hashes
        assert SecretBox("another key").fingerprint("idempotency", asked) not in hashes


async def test_a_key_outlives_the_replacement_of_the_secret_key(world: World, path: str) -> None:
    first = await post(world.maria, path, {"body": "Yes"})
    world.service.replace(secrets=SecretBox("a key from now on", "a key for tests"))
    assert (await post(world.maria, path, {"body": "Yes"})).json() == first.json()
    assert (await post(world.maria, path, {"body": "No"})).status_code == 422


async def test_a_key_stored_by_the_previous_version_is_recognised(world: World, path: str) -> None:
    """While old and new processes run side by side."""
    first = await post(world.maria, path, {"body": "Yes"})
    conversation = path.split("/")[-2]
    asked = json.dumps([f"send-message/{conversation}", jsonable_encoder(MessageIn(body="Yes"))], sort_keys=True)
    await world.rows(
        "UPDATE idempotency_keys SET request_hash = :hash RETURNING id", hash=hashlib.sha256(asked.encode()).digest()
    )
    assert (await post(world.maria, path, {"body": "Yes"})).json() == first.json()
    assert (await post(world.maria, path, {"body": "No"})).status_code == 422


async def age(world: World, interval: str) -> None:
    await world.rows(
        "UPDATE idempotency_keys SET created_at = created_at - CAST(:interval AS text)::interval RETURNING id",
        interval=interval,
    )


@pytest.mark.parametrize("swept", [False, True])
async def test_a_new_API_key_is_repeated_for_minutes_and_then_forgotten(world: World, swept: bool) -> None:
    body = CREATIONS["api-keys"]
    first = (await post(world.admin, f"{API}/api-keys", body)).json()
    assert first["key"].encode() not in await stored_bytes(world)

    await age(world, "9 minutes")
    await forget_answers(world.service.database, keep=KEEP)
    soon = await post(world.admin, f"{API}/api-keys", body)
    await age(world, "1 minute")
    if swept:
        await forget_answers(world.service.database, keep=KEEP)
    later = await post(world.admin, f"{API}/api-keys", body)

    assert soon.json() == first
    assert later.status_code == 201
    assert later.json() == {**first, "key": None}
    assert later.headers["idempotency-replayed"] == "true"
    assert (b"sealed" in await stored_bytes(world)) is not swept
    assert await world.rows("SELECT count(*) FROM api_keys") == [(1,)]


async def test_answers_are_kept_for_72_hours_and_deleted_in_batches(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "BATCH", 2)
    for number in range(5):
        await post(world.maria, path, {"body": "Yes"}, f"old-{number}")
    await age(world, "71 hours 59 minutes")
    assert await forget_answers(world.service.database, keep=KEEP) is False
    assert await world.rows("SELECT count(*) FROM idempotency_keys") == [(5,)]

    await age(world, "1 minute")
    await post(world.maria, path, {"body": "Yes"}, "new")
    assert [await forget_answers(world.service.database, keep=KEEP) for _ in range(3)] == [True, True, False]

    assert await world.rows("SELECT key FROM idempotency_keys") == [("new",)]
