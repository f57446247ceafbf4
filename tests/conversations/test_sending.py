"""Accepting a message for sending: what is stored, counted, queued and refused. Leaving is tests/delivery."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from api.access.rules import Permission
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


async def send(world: World, path: str, **body: object) -> dict[str, Any]:
    response = await world.maria.post(path, json=body)
    assert response.status_code == 201, response.text
    message: dict[str, Any] = response.json()
    return message


async def test_an_accepted_message_is_stored_queued_and_shown(world: World, path: str) -> None:
    message = await send(world, path, body="Yes, at 5:30!")

    assert message["status"] == "queued"
    assert message["direction"] == "outbound"
    assert message["seq"] == 2
    assert message["sent_by"] == {"kind": "staff_member", "id": str(world.staff_ids["maria"]), "name": "Maria"}
    assert (message["provider_message_id"], message["sent_at"], message["delivered_at"]) == (None, None, None)
    assert await world.rows("SELECT id::text, state, seq FROM outbox") == [(message["id"], "queued", 2)]
    assert (await world.thread(message["conversation_id"]))[-1] == message
    last = (await world.conversation(PARENT))["last_message"]
    assert (last["preview"], last["direction"], last["status"]) == ("Yes, at 5:30!", "outbound", "queued")
    assert last["sent_by"] == message["sent_by"]
    timeline = (await world.daniel.get(f"{API}/messages/{message['id']}")).json()["timeline"]
    assert [(event["status"], event["source"]) for event in timeline] == [("queued", "staff")]


async def test_a_message_by_an_api_key_is_under_its_name(world: World, path: str) -> None:
    client = await world.api_key(*Permission)
    response = await client.post(path, json={"body": "Automatic"})
    assert response.json()["sent_by"]["name"] == "Help desk"
    assert (await world.conversation(PARENT))["last_message"]["sent_by"] == response.json()["sent_by"]


async def test_the_last_message_has_no_sender_if_it_came_in(world: World, path: str) -> None:
    await send(world, path, body="Yes, at 5:30!")
    await world.text(PARENT, "Thanks!")
    assert (await world.conversation(PARENT))["last_message"]["sent_by"] is None


BILLED = [
    ("a" * 160, "GSM-7", 1),
    ("a" * 161, "GSM-7", 2),
    ("€" * 153, "GSM-7", 3),
    ("ā" * 70, "UCS-2", 1),
    ("ā" * 71, "UCS-2", 2),
    ("👍" * 36, "UCS-2", 2),
    ("a" * 1600, "GSM-7", 11),
]


async def test_segments_are_counted_as_they_are_billed(world: World, path: str) -> None:
    for body, encoding, segments in BILLED:
        message = await send(world, path, body=body)
        assert message["body"] == body
        assert (body[:3], message["encoding"], message["segments"]) == (body[:3], encoding, segments)


async def test_pictures_go_with_or_without_words(world: World, path: str) -> None:
    urls = [f"https://gym.test/{n}.jpg" for n in range(10)]
    message = await send(world, path, media_urls=urls)
    assert [each["url"] for each in message["media"]] == urls
    assert (await world.conversation(PARENT))["last_message"]["preview"] == "10 pictures"
    await send(world, path, body="The schedule", media_urls=urls[:1])
    assert (await world.conversation(PARENT))["last_message"]["preview"] == "The schedule"


NOT_TO_BE_SENT: list[tuple[dict[str, Any], str]] = [
    ({}, "/body"),
    ({"body": ""}, "/body"),
    ({"body": " \n\t "}, "/body"),
    ({"body": "a" * 1601}, "/body"),
    ({"body": "a\x00b"}, "/body"),
    ({"body": None}, "/body"),
    ({"body": 5}, "/body"),
    ({"body": "x", "media_urls": ["https://gym.test/1.jpg"] * 11}, "/media_urls"),
    ({"body": "x", "media_urls": ["ftp://gym.test/1.jpg"]}, "/media_urls/0"),
    ({"body": "x", "media_urls": ["file:///etc/passwd"]}, "/media_urls/0"),
    ({"body": "x", "media_urls": ["https://"]}, "/media_urls/0"),
    ({"body": "x", "media_urls": ["http://["]}, "/media_urls/0"),
    ({"body": "x", "media_urls": ["https://gym.test/\n"], "seen_seq": -1}, "/seen_seq"),
    ({"body": "x", "seen_seq": 2**31}, "/seen_seq"),
    ({"body": "x", "seen_seq": 2}, "/seen_seq"),
    ({"body": "x", "close": "perhaps"}, "/close"),
]


async def test_an_invalid_message_is_refused_with_a_pointer_to_the_field(world: World, path: str) -> None:
    before = await world.table_sizes()
    for body, pointer in NOT_TO_BE_SENT:
        response = await world.maria.post(path, json=body)
        assert (body, response.status_code) == (body, 422)
        assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert await world.table_sizes() == before


HOSTILE = [
    "\u202etxet lortnoc-idib\u202c",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://evil.test")',
    "'; DROP TABLE messages; --",
    "Zoë 👩‍👩‍👧 नमस्ते 你好",
    "line\nbreak\ttab",
]


@pytest.mark.reliability
async def test_R9_hostile_text_is_kept_as_it_is(world: World, path: str) -> None:
    for body in HOSTILE:
        assert (await send(world, path, body=body))["body"] == body


async def test_a_failed_message_is_sent_again_once_as_a_new_one(world: World, path: str) -> None:
    failed = await send(world, path, body="Yes", media_urls=["https://gym.test/1.jpg"])
    await world.settle_as(failed["id"], "failed")

    again = await world.maria.post(f"{API}/messages/{failed['id']}/retry")
    twice = await world.maria.post(f"{API}/messages/{failed['id']}/retry")

    assert again.status_code == 201
    assert again.json()["id"] != failed["id"]
    assert again.json()["retry_of_message_id"] == failed["id"]
    assert (again.json()["body"], again.json()["media"]) == (failed["body"], failed["media"])
    assert again.json()["seq"] == 3
    assert twice.status_code == 409
    assert len(await world.thread(failed["conversation_id"])) == 3


async def test_SEND_NEVER_TWICE_a_message_that_may_have_arrived_cannot_be_sent_again(world: World, path: str) -> None:
    message = await send(world, path, body="Yes")
    for status in ("queued", "sending", "sent", "delivered", "unknown"):
        await world.settle_as(message["id"], status)
        response = await world.maria.post(f"{API}/messages/{message['id']}/retry")
        assert (status, response.status_code) == (status, 409)
    assert len(await world.thread(message["conversation_id"])) == 2


async def test_a_received_message_cannot_be_sent_again(world: World, path: str) -> None:
    (inbound,) = await world.thread(path.split("/")[-2])
    assert (await world.maria.post(f"{API}/messages/{inbound['id']}/retry")).status_code == 409


async def test_a_retry_is_accepted_once_however_many_ask_at_once(world: World, path: str) -> None:
    failed = await send(world, path, body="Yes")
    await world.settle_as(failed["id"], "undelivered")

    answers = await asyncio.gather(
        *(client.post(f"{API}/messages/{failed['id']}/retry") for client in (world.maria, world.admin, world.maria))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_a_line_out_of_service_sends_nothing_and_still_receives(world: World, path: str) -> None:
    await world.admin.patch(f"{API}/lines/{world.line_id}", json={"enabled": False})

    refused = await world.maria.post(path, json={"body": "Yes"})
    await world.text(PARENT, "Anybody?")

    assert refused.status_code == 409
    assert refused.json()["check"]["reason"] == "line_blocked"
    assert (await world.conversation(PARENT))["last_message"]["preview"] == "Anybody?"


async def test_a_message_carries_the_key_of_its_senders_outbox(world: World, path: str) -> None:
    key = str(uuid4())
    first = await world.maria.post(path, json={"body": "Yes, see you at 6"}, headers={"Idempotency-Key": key})
    repeated = await world.maria.post(path, json={"body": "Yes, see you at 6"}, headers={"Idempotency-Key": key})
    named = await world.maria.post(path, json={"body": "Bring socks"}, headers={"Idempotency-Key": "order-17"})

    assert [each.json()["client_key"] for each in (first, repeated, named)] == [key, key, None]
    thread = await world.thread(first.json()["conversation_id"])
    assert [message["client_key"] for message in thread] == [None, key, None]

    await world.settle_as(first.json()["id"], "failed")
    again = str(uuid4())
    retried = await world.maria.post(f"{API}/messages/{first.json()['id']}/retry", headers={"Idempotency-Key": again})
    assert retried.json()["client_key"] == again


async def test_SEND_ONCE_a_text_does_not_leave_in_the_name_of_the_next_person_at_that_browser(
    world: World, path: str
) -> None:
    def sent_for(name: str) -> dict[str, str]:
        return {"Messenger-Staff-Member": str(world.staff_ids[name])}

    refused = await world.maria.post(path, json={"body": "Yes"}, headers=sent_for("daniel"))
    accepted = await world.maria.post(path, json={"body": "Yes"}, headers=sent_for("maria"))

    assert (refused.status_code, accepted.status_code, accepted.json()["seq"]) == (401, 201, 2)
