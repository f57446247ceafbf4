"""Threads: pages before, after and around a message, and the fields of a message."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


@pytest.fixture
async def path(world: World) -> str:
    """The address of a thread of ten messages."""
    for n in range(1, 11):
        await world.text(PARENT, f"{n}")
    return f"{API}/conversations/{(await world.conversation(PARENT))['id']}/messages"


async def page(world: World, path: str, **params: object) -> dict[str, Any]:
    response = await world.daniel.get(path, params={key: str(value) for key, value in params.items()})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def seqs(thread: dict[str, Any]) -> list[int]:
    return [message["seq"] for message in thread["items"]]


PAGES: list[tuple[dict[str, int], Iterable[int], bool, bool]] = [
    ({}, range(1, 11), False, False),
    ({"limit": 3}, range(8, 11), True, False),
    ({"limit": 3, "before_seq": 8}, range(5, 8), True, True),
    ({"limit": 3, "before_seq": 3}, range(1, 3), False, True),
    ({"limit": 3, "before_seq": 1}, [], False, True),
    ({"limit": 3, "before_seq": 11}, range(8, 11), True, False),
    ({"limit": 3, "before_seq": 2147483647}, range(8, 11), True, False),
    ({"limit": 3, "after_seq": 0}, range(1, 4), False, True),
    ({"limit": 3, "after_seq": 7}, range(8, 11), True, False),
    ({"limit": 3, "after_seq": 10}, [], True, False),
    ({"limit": 5, "around_seq": 5}, range(3, 8), True, True),
    ({"limit": 5, "around_seq": 1}, range(1, 6), False, True),
    ({"limit": 5, "around_seq": 10}, range(8, 11), True, False),
    ({"limit": 1, "around_seq": 4}, [4], True, True),
    ({"limit": 200, "around_seq": 4}, range(1, 11), False, False),
]
"""Parameters for a thread of ten; the `seq` of the page's messages; whether messages precede and follow the page."""


async def test_a_page_is_in_order_and_says_whether_messages_precede_or_follow(world: World, path: str) -> None:
    for params, expected, has_before, has_after in PAGES:
        found = await page(world, path, **params)
        assert (params, seqs(found)) == (params, list(expected))
        assert (params, found["has_before"], found["has_after"]) == (params, has_before, has_after)


async def test_next_cursor_leads_back_through_the_whole_thread_while_texts_arrive(world: World, path: str) -> None:
    found = await page(world, path, limit=4)
    read = seqs(found)
    while found["next_cursor"] is not None:
        await world.text(PARENT, "meanwhile")
        found = await page(world, path, limit=4, cursor=found["next_cursor"])
        read = seqs(found) + read
    assert read == list(range(1, 11))


async def test_after_seq_reads_the_newer_messages(world: World, path: str) -> None:
    assert seqs(await page(world, path, after_seq=10)) == []
    await world.text(PARENT, "11")
    assert seqs(await page(world, path, after_seq=10)) == [11]


SENSELESS = [
    {"before_seq": "3", "after_seq": "1"},
    {"around_seq": "3", "cursor": "WzNd"},
    {"limit": "0"},
    {"limit": "201"},
    {"limit": "-1"},
    {"limit": "many"},
    {"before_seq": "-1"},
    {"after_seq": "2147483648"},
    {"around_seq": "1.5"},
    {"cursor": "garbage"},
    {"cursor": "WyJhIl0"},
    {"cursor": "Wy0xXQ"},
    {"cursor": "WzIxNDc0ODM2NDhd"},
    {"cursor": "x" * 501},
]


async def test_invalid_page_parameters_are_refused(world: World, path: str) -> None:
    for params in SENSELESS:
        response = await world.daniel.get(path, params=params)
        assert (params, response.status_code) == (params, 422)
        assert response.json()["errors"][0]["pointer"].startswith("/query")


async def test_a_received_message_shows_its_content_and_its_timeline(world: World) -> None:
    sid = await world.text(PARENT, "Māori € 👍")
    conversation = await world.conversation(PARENT)

    (message,) = await world.thread(conversation["id"])

    assert message["conversation_id"] == conversation["id"]
    assert message["direction"] == "inbound"
    assert message["status"] == "received"
    assert message["body"] == "Māori € 👍"
    assert message["provider_message_id"] == sid
    assert (message["encoding"], message["segments"]) == ("UCS-2", 1)
    assert message["sent_by"] is None
    assert message["error"] is None

    detail = (await world.daniel.get(f"{API}/messages/{message['id']}")).json()
    assert {key: detail[key] for key in message} == message
    assert [(event["status"], event["source"]) for event in detail["timeline"]] == [("received", "provider")]
    assert detail["opt_in_check"] is None


async def test_SEND_STATUS_reports_move_it_forward_only_and_the_timeline_keeps_them_all(world: World) -> None:
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    path = f"{API}/conversations/{conversation['id']}/messages"
    sent = (await world.maria.post(path, json={"body": "Yes"})).json()
    await world.settle_as(sent["id"], "sent")

    async def report(word: str, **more: str) -> str:
        fields = {"MessageSid": "SM1", "MessageStatus": word, "To": PARENT, **more}
        response = await world.post_webhook("status", fields, query=f"?message_id={sent['id']}")
        assert response.status_code == 200
        await world.settled()
        status: str = (await world.daniel.get(f"{API}/messages/{sent['id']}")).json()["status"]
        return status

    assert await report("undelivered", ErrorCode="30003") == "undelivered"
    assert await report("delivered") == "delivered"
    assert await report("sent") == "delivered"
    assert await report("delivered") == "delivered"

    detail = (await world.daniel.get(f"{API}/messages/{sent['id']}")).json()
    assert detail["error"]["code"] == "30003", "A later event never erases a stored error."
    assert detail["provider_message_id"] == "SM1"
    assert detail["delivered_at"] is not None
    reported = [event["status"] for event in detail["timeline"] if event["source"] == "provider"]
    assert reported == ["undelivered", "delivered", "sent"], "The same callback again is the same event."
    assert (await world.conversation(PARENT))["last_message"]["status"] == "delivered"


async def test_a_report_on_a_message_that_is_not_ours_changes_nothing(world: World) -> None:
    await world.text(PARENT, "Hello?")
    before = await world.table_sizes()

    fields = {"MessageSid": "SM-of-another-application", "MessageStatus": "delivered", "To": PARENT}
    assert (await world.post_webhook("status", fields)).status_code == 200
    await world.settled()

    after = await world.table_sizes()
    assert after.pop("inbound_events") == before.pop("inbound_events") + 1
    assert after == before


async def test_OPTIN_STOP_an_opt_out_error_in_a_callback_stops_the_number(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    path = f"{API}/conversations/{conversation['id']}/messages"
    sent = (await world.maria.post(path, json={"body": "Yes"})).json()
    await world.settle_as(sent["id"], "sent")

    fields = {"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": "21610", "To": PARENT}
    await world.post_webhook("status", fields, query=f"?message_id={sent['id']}")
    await world.settled()

    detail = (await world.daniel.get(f"{API}/messages/{sent['id']}")).json()
    assert (detail["status"], detail["error"]["code"]) == ("failed", "21610")
    refused = await world.maria.post(path, json={"body": "Really?"})
    assert refused.json()["check"]["reason"] == "stopped"
    assert (await world.maria.post(f"{API}/messages/{sent['id']}/retry")).status_code == 409
    assert (await world.audited()).count("phone_number.stopped") == 1
