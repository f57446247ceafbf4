"""Conversations through the API: status, viewers, closing and replying in a race, the deadline."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.access.rules import Permission
from api.conversations import viewing
from tests.support import postgres
from tests.support.service import Service, service_settings
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


async def close(world: World, conversation_id: str, seen_seq: int) -> Any:
    return await world.maria.post(f"{API}/conversations/{conversation_id}/close", json={"seen_seq": seen_seq})


async def reply(world: World, conversation_id: str, **body: object) -> Any:
    return await world.maria.post(f"{API}/conversations/{conversation_id}/messages", json={"body": "Yes", **body})


async def sweep(world: World) -> int:
    async with world.service.database.transaction() as session:
        return await viewing.sweep(session, world.organization_id)


@pytest.fixture
async def conversation(world: World) -> dict[str, Any]:
    """Unread, with two messages from a parent."""
    await world.text(PARENT, "Is class on?")
    await world.text(PARENT, "With the storm?")
    return await world.conversation(PARENT)


async def status(world: World) -> str:
    found: str = (await world.conversation(PARENT))["status"]
    return found


# The table of conversation statuses (product rules), row by row, through the API.


async def test_viewing_some_of_the_messages_leaves_the_others_unread(
    world: World, conversation: dict[str, Any]
) -> None:
    viewing = await world.view(conversation["id"], 1)
    assert (viewing["status"], viewing["unread_messages"]) == ("unread", 1)
    assert await world.indicator() == (1, 0)
    assert (await world.view(conversation["id"], 2))["status"] == "open"


async def test_viewing_a_closed_conversation_leaves_it_closed(world: World, conversation: dict[str, Any]) -> None:
    await close(world, conversation["id"], 2)
    assert (await world.view(conversation["id"], 2))["status"] == "closed"


async def test_a_text_reopens_a_closed_conversation_as_unread(world: World, conversation: dict[str, Any]) -> None:
    await close(world, conversation["id"], 2)
    await world.text(PARENT, "One more thing")
    assert await status(world) == "unread"
    assert await world.indicator() == (1, 0)
    assert await world.actions(conversation["id"]) == [
        "conversation.unread",
        "conversation.closed",
        "conversation.unread",
    ]


async def test_a_text_in_an_open_conversation_that_nobody_views_makes_it_unread(
    world: World, conversation: dict[str, Any]
) -> None:
    await reply(world, conversation["id"])
    assert await status(world) == "open"
    await world.text(PARENT, "Thanks!")
    assert await status(world) == "unread"
    assert (await world.conversation(PARENT))["unread_messages"] == 1


async def test_a_text_in_a_closed_conversation_that_somebody_views_makes_it_open(
    world: World, conversation: dict[str, Any]
) -> None:
    await world.view(conversation["id"], 2)
    await close(world, conversation["id"], 2)
    await world.text(PARENT, "One more thing")
    assert await status(world) == "open"


async def test_a_text_in_an_unread_conversation_that_somebody_views_makes_it_open(
    world: World, conversation: dict[str, Any]
) -> None:
    await world.view(conversation["id"], 1)
    await world.text(PARENT, "Hello?")
    assert await status(world) == "open"


async def test_reopening_opens_a_closed_one_and_leaves_any_other(world: World, conversation: dict[str, Any]) -> None:
    async def reopen() -> str:
        response = await world.daniel.post(f"{API}/conversations/{conversation['id']}/reopen")
        found: str = response.json()["status"]
        return found

    assert await reopen() == "unread"
    await close(world, conversation["id"], 2)
    assert await reopen() == "open"
    assert await reopen() == "open"
    assert await world.indicator() == (0, 1)


async def test_replying_opens_an_unread_and_a_closed_conversation(world: World, conversation: dict[str, Any]) -> None:
    await reply(world, conversation["id"])
    assert await status(world) == "open"
    await close(world, conversation["id"], 3)
    await reply(world, conversation["id"])
    assert await status(world) == "open"
    assert (await world.conversation(PARENT))["unread_messages"] == 0


async def test_replying_and_closing_closes(world: World, conversation: dict[str, Any]) -> None:
    assert (await reply(world, conversation["id"], close=True)).status_code == 201
    assert await status(world) == "closed"
    assert await world.indicator() == (0, 0)


# Integrations (decision 0004).


async def test_a_reply_by_an_api_key_that_has_seen_nothing_leaves_the_status(
    world: World, conversation: dict[str, Any]
) -> None:
    client = await world.api_key(*Permission)
    path = f"{API}/conversations/{conversation['id']}/messages"

    answer = await client.post(path, json={"body": "We will answer soon."})
    assert (answer.status_code, answer.json()["sent_by"]["kind"]) == (201, "api_key")

    after = await world.conversation(PARENT)
    assert (after["status"], after["unread_messages"], after["seen_seq"]) == ("unread", 2, 0)
    assert await world.indicator() == (2, 0)
    await world.view(conversation["id"], 3)
    await close(world, conversation["id"], 3)
    assert (await client.post(path, json={"body": "Reminder"})).status_code == 201
    assert await status(world) == "closed"


async def test_a_reply_by_an_api_key_that_names_what_it_has_seen_is_a_reply(
    world: World, conversation: dict[str, Any]
) -> None:
    client = await world.api_key(*Permission)
    path = f"{API}/conversations/{conversation['id']}/messages"

    stale = await client.post(path, json={"body": "Yes", "seen_seq": 1})
    answered = await client.post(path, json={"body": "Yes", "seen_seq": 2})

    assert stale.status_code == 409
    assert answered.status_code == 201
    assert answered.json()["sent_by"]["name"] == "Help desk"
    assert await status(world) == "open"


async def test_an_api_key_closes_what_it_has_seen(world: World, conversation: dict[str, Any]) -> None:
    client = await world.api_key(Permission.SMS_LOGS)
    path = f"{API}/conversations/{conversation['id']}/close"
    assert (await client.post(path, json={"seen_seq": 1})).status_code == 409
    assert (await client.post(path, json={"seen_seq": 2})).json()["status"] == "closed"


# STATUS-CLOSE-RACE and STATUS-REPLY-RACE.


async def test_STATUS_CLOSE_RACE_a_text_that_only_a_colleague_has_seen_refuses_the_close(
    world: World, conversation: dict[str, Any]
) -> None:
    await world.view(conversation["id"], 2, by=world.daniel)
    refused = await close(world, conversation["id"], 1)
    assert refused.status_code == 409
    assert [message["seq"] for message in refused.json()["missed"]] == [2]
    assert await status(world) == "open"


async def test_STATUS_CLOSE_RACE_sent_texts_do_not_refuse_the_close(world: World, conversation: dict[str, Any]) -> None:
    await reply(world, conversation["id"])
    assert (await close(world, conversation["id"], 2)).json()["status"] == "closed"


async def test_STATUS_REPLY_RACE_a_newer_text_is_shown_and_the_person_can_send_anyway(
    world: World, conversation: dict[str, Any]
) -> None:
    refused = await reply(world, conversation["id"], seen_seq=1)

    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/new-messages"
    (missed,) = refused.json()["missed"]
    assert missed == (await world.thread(conversation["id"]))[1]
    assert len(await world.thread(conversation["id"])) == 2
    assert (await reply(world, conversation["id"], seen_seq=2)).status_code == 201


async def test_STATUS_REPLY_RACE_a_colleagues_newer_reply_is_shown_and_ones_own_is_not(
    world: World, conversation: dict[str, Any]
) -> None:
    await world.admin.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "It is on!"})

    refused = await reply(world, conversation["id"], seen_seq=2)
    assert refused.status_code == 409
    assert [message["body"] for message in refused.json()["missed"]] == ["It is on!"]
    assert refused.json()["missed"][0]["sent_by"]["name"] == "Ada"

    assert (await reply(world, conversation["id"], seen_seq=3)).status_code == 201
    assert (await reply(world, conversation["id"], seen_seq=3)).status_code == 201


async def test_a_seq_that_does_not_exist_is_refused(world: World, conversation: dict[str, Any]) -> None:
    for response in (
        await close(world, conversation["id"], 3),
        await reply(world, conversation["id"], seen_seq=3),
        await world.maria.put(f"{API}/conversations/{conversation['id']}/viewers/{uuid4()}", json={"seen_seq": 3}),
    ):
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/seen_seq"
    assert await status(world) == "unread"


# STATUS-VIEWING and STATUS-SEEN, with shorter leases and deadlines.


@asynccontextmanager
async def business(clone: postgres.Database, tmp_path: Path, *, lease_seconds: float) -> AsyncIterator[World]:
    """A business with an unread text, where a message must be confirmed within 0.15 s."""
    settings = service_settings(tmp_path, viewer_lease_seconds=lease_seconds, seen_deadline_seconds=0.15)
    async with Service.running(settings, clone) as service:
        world = await World.create(service)
        await world.text(PARENT, "Is class on?")
        yield world


@pytest.fixture
async def short_lease(clone: postgres.Database, tmp_path: Path) -> AsyncIterator[World]:
    async with business(clone, tmp_path, lease_seconds=0.3) as world:
        yield world


@pytest.fixture
async def long_lease(clone: postgres.Database, tmp_path: Path) -> AsyncIterator[World]:
    async with business(clone, tmp_path, lease_seconds=3600) as world:
        yield world


async def test_STATUS_SEEN_a_text_that_no_viewer_confirms_in_time_becomes_unread(long_lease: World) -> None:
    conversation = await long_lease.conversation(PARENT)
    await long_lease.view(conversation["id"], 1)
    await long_lease.text(PARENT, "Hello?")
    assert (await status(long_lease), await long_lease.indicator()) == ("open", (0, 1))

    await asyncio.sleep(0.2)
    assert await sweep(long_lease) == 1

    assert await status(long_lease) == "unread"
    assert await long_lease.indicator() == (1, 0)
    assert (await long_lease.actions(conversation["id"]))[-1] == "conversation.unread"
    assert await sweep(long_lease) == 0


async def test_STATUS_SEEN_a_text_that_a_viewer_confirms_stays_open(long_lease: World) -> None:
    conversation = await long_lease.conversation(PARENT)
    viewer = uuid4()
    await long_lease.view(conversation["id"], 1, viewer_id=viewer)
    await long_lease.text(PARENT, "Hello?")
    await long_lease.view(conversation["id"], 2, viewer_id=viewer)

    await asyncio.sleep(0.2)
    assert await sweep(long_lease) == 0

    assert await status(long_lease) == "open"


async def test_STATUS_SEEN_a_later_text_does_not_defer_the_deadline(long_lease: World) -> None:
    conversation = await long_lease.conversation(PARENT)
    await long_lease.view(conversation["id"], 1)
    await long_lease.text(PARENT, "Hello?")
    ((first,),) = await long_lease.rows("SELECT seen_deadline FROM conversations")
    await long_lease.text(PARENT, "Anybody?")
    ((second,),) = await long_lease.rows("SELECT seen_deadline FROM conversations")

    assert first is not None
    assert second == first


async def test_STATUS_SEEN_renewing_the_lease_without_confirming_does_not_help(long_lease: World) -> None:
    conversation = await long_lease.conversation(PARENT)
    viewer = uuid4()
    await long_lease.view(conversation["id"], 1, viewer_id=viewer)
    await long_lease.text(PARENT, "Hello?")
    await asyncio.sleep(0.2)
    await long_lease.view(conversation["id"], 1, viewer_id=viewer)

    assert await sweep(long_lease) == 1
    assert await status(long_lease) == "unread"


async def test_STATUS_SEEN_replying_or_closing_confirms(long_lease: World) -> None:
    conversation = await long_lease.conversation(PARENT)
    await long_lease.view(conversation["id"], 1)
    await long_lease.text(PARENT, "Hello?")
    await close(long_lease, conversation["id"], 2)
    await asyncio.sleep(0.2)
    assert await sweep(long_lease) == 0
    assert await status(long_lease) == "closed"


async def test_STATUS_VIEWING_a_lease_that_is_not_renewed_expires(short_lease: World) -> None:
    conversation = await short_lease.conversation(PARENT)
    await short_lease.view(conversation["id"], 1)
    await asyncio.sleep(0.35)
    assert (await short_lease.conversation(PARENT))["viewers"] == []

    await short_lease.text(PARENT, "Hello?")

    assert await status(short_lease) == "unread"
    await sweep(short_lease)
    assert await short_lease.rows("SELECT id FROM viewers") == []


async def test_STATUS_VIEWING_coming_back_after_a_lease_expired_is_a_new_visit(short_lease: World) -> None:
    conversation = await short_lease.conversation(PARENT)
    viewer = uuid4()
    await short_lease.view(conversation["id"], 1, viewer_id=viewer)
    await short_lease.view(conversation["id"], 1, viewer_id=viewer)
    await asyncio.sleep(0.35)
    await short_lease.view(conversation["id"], 1, viewer_id=viewer)

    assert await short_lease.actions(conversation["id"]) == [
        "conversation.unread",
        "conversation.opened",
        "conversation.viewed",
    ]


async def test_STATUS_VIEWING_leaving_releases_the_lease_at_once(world: World, conversation: dict[str, Any]) -> None:
    viewer = uuid4()
    await world.view(conversation["id"], 2, viewer_id=viewer)
    for _ in range(2):
        left = await world.maria.delete(f"{API}/conversations/{conversation['id']}/viewers/{viewer}")
        assert left.status_code == 204

    await world.text(PARENT, "Hello?")

    assert await status(world) == "unread"


async def test_STATUS_VIEWING_nobody_releases_the_lease_of_somebody_else(
    world: World, conversation: dict[str, Any]
) -> None:
    viewer = uuid4()
    await world.view(conversation["id"], 2, viewer_id=viewer)
    await world.daniel.delete(f"{API}/conversations/{conversation['id']}/viewers/{viewer}")
    await world.text(PARENT, "Hello?")
    assert await status(world) == "open"


async def test_STATUS_VIEWING_two_tabs_of_one_person_are_one_viewer(world: World, conversation: dict[str, Any]) -> None:
    first, second = uuid4(), uuid4()
    for viewer in (first, second):
        await world.view(conversation["id"], 2, viewer_id=viewer)
    await world.view(conversation["id"], 2, by=world.daniel)

    seen = (await world.conversation(PARENT))["viewers"]
    assert [viewer["name"] for viewer in seen] == ["Maria", "Daniel"]

    await world.maria.delete(f"{API}/conversations/{conversation['id']}/viewers/{first}")
    assert len((await world.conversation(PARENT))["viewers"]) == 2


async def test_a_lower_confirmation_takes_nothing_back(world: World, conversation: dict[str, Any]) -> None:
    await world.view(conversation["id"], 2)
    assert (await world.view(conversation["id"], 1, by=world.daniel))["seen_seq"] == 2
    assert await status(world) == "open"
