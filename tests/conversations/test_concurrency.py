"""Concurrent actors on one conversation: no gaps in `seq`, correct counts, a complete audit chain."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from api.audit import service as audit
from api.conversations import viewing
from tests.support.business import LINE_NUMBER
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


async def webhook(world: World, body: str, *, sender: str = PARENT) -> None:
    """A text that arrives; its webhook answers before the text is applied."""
    fields = {"MessageSid": f"SM{uuid4().hex}", "From": sender, "To": LINE_NUMBER, "Body": body, "NumMedia": "0"}
    assert (await world.post_webhook("inbound", fields)).status_code == 200


async def test_STATUS_ONE_two_first_messages_at_the_same_instant_make_one_conversation(world: World) -> None:
    for n in range(3):
        sender = f"+1312555020{n}"
        await asyncio.gather(webhook(world, "First", sender=sender), webhook(world, "Second", sender=sender))
        await world.settled()

        conversation = await world.conversation(sender)
        assert [message["seq"] for message in await world.thread(conversation["id"])] == [1, 2]
        assert {message["body"] for message in await world.thread(conversation["id"])} == {"First", "Second"}
        assert await world.actions(conversation["id"]) == ["conversation.unread"]


async def test_STATUS_ONE_a_first_message_and_a_first_start_make_one_conversation(world: World) -> None:
    await world.family("Rivera", PARENT)

    async def start() -> int:
        return (await world.maria.post(f"{API}/conversations", json={"phone_number": PARENT})).status_code

    answers = await asyncio.gather(start(), webhook(world, "Hello?"), start(), start())
    await world.settled()

    assert answers.count(201) <= 1
    assert {answer for answer in answers if answer is not None} <= {200, 201}
    assert (await world.conversation(PARENT))["status"] in {"open", "unread"}
    assert await world.rows("SELECT count(*) FROM conversations") == [(1,)]


async def test_the_order_in_which_webhooks_were_answered_is_the_order_of_the_thread(world: World) -> None:
    for n in range(12):
        await webhook(world, f"{n}")
    await world.settled()

    conversation = await world.conversation(PARENT)
    assert [message["body"] for message in await world.thread(conversation["id"])] == [f"{n}" for n in range(12)]


async def assert_consistent(world: World) -> None:
    """Asserts that the rows of the conversation are consistent with each other."""
    for conversation_id, status, last_seq, seen_seq, unread, deadline in await world.rows(
        "SELECT id, status, last_seq, seen_seq, unread_messages, seen_deadline FROM conversations"
    ):
        messages = await world.rows(
            "SELECT seq, direction FROM messages WHERE conversation_id = :id ORDER BY seq", id=conversation_id
        )
        assert [seq for seq, _ in messages] == list(range(1, last_seq + 1))
        recount = sum(direction == "inbound" and seq > seen_seq for seq, direction in messages)
        assert unread == recount
        assert (status == "unread") <= (unread > 0)
        assert (deadline is not None) == (status == "open" and unread > 0)
    ((red, gray),) = await world.rows(
        "SELECT coalesce(sum(unread_messages) FILTER (WHERE status = 'unread'), 0)::int,"
        " count(*) FILTER (WHERE status = 'open') FROM conversations"
    )
    assert await world.indicator() == (red, gray)
    async with world.service.database.transaction() as session:
        assert isinstance(await audit.verify(session, world.organization_id), int)


async def test_eight_concurrent_actors_leave_no_gap_no_duplicate_and_correct_counts(world: World) -> None:
    """Eight concurrent texts, views, replies, closes, reopenings, departures and sweeps."""
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    path = f"{API}/conversations/{conversation['id']}"
    dice = random.Random(7)
    viewers = [uuid4() for _ in range(3)]
    refused: list[tuple[str, int, str]] = []

    async def ask(method: str, url: str, body: dict[str, Any] | None, *, may: set[int], by: str = "maria") -> None:
        response = await getattr(world, by).request(method, url, json=body)
        if response.status_code not in may:
            refused.append((url, response.status_code, response.text))

    async def last_seq() -> int:
        found: int = (await world.daniel.get(path)).json()["last_seq"]
        return found

    async def text() -> None:
        await webhook(world, "Is class on?")

    async def view() -> None:
        body = {"seen_seq": await last_seq()}
        await ask("PUT", f"{path}/viewers/{dice.choice(viewers)}", body, may={200}, by=dice.choice(["maria", "daniel"]))

    async def leave() -> None:
        await ask("DELETE", f"{path}/viewers/{dice.choice(viewers)}", None, may={204})

    async def reply() -> None:
        await ask("POST", f"{path}/messages", {"body": "Yes"}, may={201})

    async def careful_reply() -> None:
        await ask("POST", f"{path}/messages", {"body": "Yes", "seen_seq": await last_seq()}, may={201, 409}, by="admin")

    async def close() -> None:
        await ask("POST", f"{path}/close", {"seen_seq": await last_seq()}, may={200, 409})

    async def reopen() -> None:
        await ask("POST", f"{path}/reopen", None, may={200}, by="daniel")

    async def sweep() -> None:
        async with world.service.database.transaction() as session:
            await viewing.sweep(session, world.organization_id)

    actors: list[Callable[[], Awaitable[None]]] = [text, view, leave, reply, careful_reply, close, reopen, sweep]

    async def act(actor: Callable[[], Awaitable[None]]) -> None:
        for _ in range(8):
            await actor()
            await asyncio.sleep(dice.random() * 0.01)

    await asyncio.gather(*(act(actor) for actor in actors))
    await world.settled()

    assert refused == []
    assert (await world.conversation(PARENT))["last_seq"] >= 17
    await assert_consistent(world)


async def test_two_who_close_at_once_close_it_once(world: World) -> None:
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    path = f"{API}/conversations/{conversation['id']}/close"

    answers = await asyncio.gather(
        *(client.post(path, json={"seen_seq": 1}) for client in (world.maria, world.daniel, world.admin))
    )

    assert [answer.status_code for answer in answers] == [200] * 3
    assert await world.actions(conversation["id"]) == ["conversation.unread", "conversation.closed"]


async def test_two_careful_replies_at_once_the_second_learns_of_the_first(world: World) -> None:
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    path = f"{API}/conversations/{conversation['id']}/messages"

    answers = await asyncio.gather(
        *(client.post(path, json={"body": "Yes", "seen_seq": 1}) for client in (world.maria, world.admin))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refused,) = [answer for answer in answers if answer.status_code == 409]
    assert [message["body"] for message in refused.json()["missed"]] == ["Yes"]


async def test_a_concurrent_text_and_close_never_close_an_unseen_text(world: World) -> None:
    for n in range(4):
        sender = f"+1312555030{n}"
        await world.text(sender, "Hello?")
        conversation = await world.conversation(sender)
        path = f"{API}/conversations/{conversation['id']}/close"

        answer, _ = await asyncio.gather(
            world.maria.post(path, json={"seen_seq": 1}), webhook(world, "Wait!", sender=sender)
        )
        await world.settled()

        after = await world.conversation(sender)
        assert answer.status_code in {200, 409}
        assert (after["status"], after["last_seq"]) == ("unread", 2)


async def test_texts_of_many_numbers_at_once_are_each_in_its_own_conversation(world: World) -> None:
    senders = [f"+131255504{n:02d}" for n in range(20)]

    await asyncio.gather(*(webhook(world, f"{turn}", sender=sender) for turn in range(3) for sender in senders))
    await world.settled()

    assert await world.rows("SELECT count(*), min(last_seq), max(last_seq) FROM conversations") == [(20, 3, 3)]
    assert await world.indicator() == (60, 0)
    await assert_consistent(world)


async def test_a_concurrent_sweep_and_visit_do_not_deadlock(world: World) -> None:
    """Both lock conversations before leases."""
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    viewer = uuid4()

    async def sweep() -> None:
        async with world.service.database.transaction() as session:
            await viewing.sweep(session, world.organization_id)

    for n in range(8):
        await world.view(conversation["id"], 1 + n, viewer_id=viewer)
        await world.text(PARENT, "Hello?")
        await world.rows("UPDATE viewers SET expires_at = now() RETURNING id")
        await world.rows("UPDATE conversations SET seen_deadline = now() WHERE status = 'open' RETURNING id")
        await asyncio.gather(sweep(), world.view(conversation["id"], 2 + n, viewer_id=viewer), sweep())

    await assert_consistent(world)
    assert UUID(conversation["id"])
