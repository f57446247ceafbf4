"""The status of a conversation through the API: what staff see when messages come, are seen, answered and closed."""

from typing import Any
from uuid import uuid4

from tests.support.world import World

PARENT = "+13125550101"


async def test_IND_RED_a_text_that_nobody_views_is_unread_and_counts(world: World) -> None:
    await world.text(PARENT, "Is class on?")
    await world.text(PARENT, "With the storm?")

    conversation = await world.conversation(PARENT)

    assert conversation["status"] == "unread"
    assert conversation["unread_messages"] == 2
    assert conversation["last_message"]["preview"] == "With the storm?"
    assert await world.indicator() == (2, 0)
    assert await world.actions(conversation["id"]) == ["conversation.unread"]


async def test_STATUS_VIEWING_a_person_who_views_all_of_it_opens_it(world: World) -> None:
    await world.text(PARENT, "Is class on?")
    conversation = await world.conversation(PARENT)

    viewing = await world.view(conversation["id"], 1)

    assert viewing["status"] == "open"
    assert await world.indicator() == (0, 1)
    assert await world.actions(conversation["id"]) == ["conversation.unread", "conversation.opened"]


async def test_STATUS_VIEWING_a_text_that_arrives_while_somebody_views_stays_open(world: World) -> None:
    await world.text(PARENT, "Is class on?")
    conversation = await world.conversation(PARENT)
    await world.view(conversation["id"], 1)

    await world.text(PARENT, "Hello?")

    assert (await world.conversation(PARENT))["status"] == "open"
    assert await world.indicator() == (0, 1)


async def test_STATUS_CLOSE_RACE_closing_with_an_unseen_text_answers_409_with_it(world: World) -> None:
    await world.text(PARENT, "Is class on?")
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)

    refused = await world.maria.post(f"/api/v1/conversations/{conversation['id']}/close", json={"seen_seq": 1})

    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/new-messages"
    assert [each["body"] for each in refused.json()["missed"]] == ["Hello?"]
    assert (await world.conversation(PARENT))["status"] == "unread"

    closed = await world.maria.post(f"/api/v1/conversations/{conversation['id']}/close", json={"seen_seq": 2})
    assert closed.status_code == 200
    assert closed.json()["status"] == "closed"
    assert await world.indicator() == (0, 0)


async def test_SEND_ONCE_a_close_that_is_repeated_under_its_key_does_not_undo_what_came_after_it(world: World) -> None:
    await world.text(PARENT, "Is Maya in class today?")
    conversation = await world.conversation(PARENT)
    path = f"/api/v1/conversations/{conversation['id']}"
    close: dict[str, Any] = {"json": {"seen_seq": 1}, "headers": {"Idempotency-Key": str(uuid4())}}

    closed = await world.maria.post(f"{path}/close", **close)
    reopened = await world.maria.post(f"{path}/reopen", headers={"Idempotency-Key": str(uuid4())})
    repeated = await world.maria.post(f"{path}/close", **close)

    assert [each.json()["status"] for each in (closed, reopened, repeated)] == ["closed", "open", "closed"]
    assert repeated.headers["Idempotency-Replayed"] == "true"
    assert (await world.maria.get(path)).json()["status"] == "open"
