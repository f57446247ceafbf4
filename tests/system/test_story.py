"""The main job, from handset to handset, through real processes, signatures and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.stack import Stack, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

PARENT = "+13125550101"
STOPPER = "+13125550102"
WATCHED = "+13125550103"


async def conversation_with(staff: httpx.AsyncClient, phone_number: str) -> dict[str, Any] | None:
    response = await staff.get("/api/v1/conversations", params={"phone_number": phone_number})
    items = response.json()["items"]
    assert len(items) <= 1
    return items[0] if items else None


async def thread(staff: httpx.AsyncClient, conversation_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await staff.get(f"/api/v1/conversations/{conversation_id}/messages")).json()["items"]
    return items


async def test_a_text_from_a_handset_is_answered_and_delivered(stack: Stack) -> None:
    async with stack.staff("maria") as maria:
        await stack.handset_texts(PARENT, "Is the 5:30 class still on?")

        async def arrived() -> bool:
            return await conversation_with(maria, PARENT) is not None

        await eventually(arrived, "the text is in the inbox")
        conversation = await conversation_with(maria, PARENT)
        assert conversation is not None
        assert conversation["status"] == "unread"
        assert conversation["phone_number"] == PARENT

        answer = await maria.post(
            f"/api/v1/conversations/{conversation['id']}/messages",
            json={"body": "Yes, see you then!", "seen_seq": 1},
            headers={"Idempotency-Key": "answer-1"},
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["status"] == "queued"

        async def delivered() -> bool:
            return bool((await thread(maria, conversation["id"]))[-1]["status"] == "delivered")

        await eventually(delivered, "the answer is delivered")
        (handed_over,) = await stack.handed_over()
        assert handed_over["body"] == "Yes, see you then!"
        assert handed_over["to"] == PARENT
        texts = (await stack.carrier.get(f"/control/handsets/{PARENT}/texts")).json()["items"]
        assert [text["body"] for text in texts] == ["Is the 5:30 class still on?", "Yes, see you then!"]

        detail = (await maria.get(f"/api/v1/messages/{answer.json()['id']}")).json()
        steps = [event["status"] for event in detail["timeline"]]
        assert steps[:2] == ["queued", "sending"]
        assert "delivered" in steps
        assert detail["opt_in_check"]["note"] == "consumer_initiated"

        closed = await maria.post(f"/api/v1/conversations/{conversation['id']}/close", json={"seen_seq": 2})
        assert closed.json()["status"] == "closed"
        trail = (await maria.get(f"/api/v1/conversations/{conversation['id']}/audit-entries")).json()["items"]
        assert [entry["action"] for entry in reversed(trail)] == [
            "conversation.unread",
            "message.sent",
            "conversation.opened",
            "conversation.closed",
        ]


async def test_OPTIN_STOP_from_the_handset_blocks_what_waits_and_what_comes(stack: Stack) -> None:
    async with stack.staff("maria") as maria:
        await stack.handset_texts(STOPPER, "STOP")

        async def stopped() -> bool:
            conversation = await conversation_with(maria, STOPPER)
            return conversation is not None and bool(conversation["opted_out"])

        await eventually(stopped, "the number is stopped")
        conversation = await conversation_with(maria, STOPPER)
        assert conversation is not None
        refused = await maria.post(f"/api/v1/conversations/{conversation['id']}/messages", json={"body": "Sorry!"})
        assert refused.status_code == 409
        assert refused.json()["check"]["reason"] == "stopped"
        assert [each for each in await stack.handed_over() if each["to"] == STOPPER] == []


async def indicator_events(response: httpx.Response) -> AsyncIterator[str]:
    async for line in response.aiter_lines():
        if line == "event: indicator":
            yield line


async def test_IND_RED_and_IND_GRAY_change_in_every_tab_whichever_process_serves_it(stack: Stack) -> None:
    """The event comes after the commit: whoever asks on hearing it, whichever process, is told the new figures."""
    async with (
        stack.another_api() as other_url,
        stack.staff("maria") as here,
        stack.staff("daniel", url=other_url) as there,
    ):

        async def figures() -> tuple[int, int]:
            bodies = [(await each.get("/api/v1/indicator")).json() for each in (here, there)]
            assert bodies[0] == bodies[1]
            return bodies[0]["unread_messages"], bodies[0]["open_conversations"]

        red, gray = await figures()
        async with here.stream("GET", "/api/v1/events") as near, there.stream("GET", "/api/v1/events") as far:
            streams = [indicator_events(each) for each in (near, far)]

            async def heard() -> tuple[int, int]:
                await asyncio.wait_for(asyncio.gather(*(anext(each) for each in streams)), 30)
                return await figures()

            await stack.handset_texts(WATCHED, "Hello?")
            assert await heard() == (red + 1, gray)
            conversation = await conversation_with(there, WATCHED)
            assert conversation is not None
            path = f"/api/v1/conversations/{conversation['id']}"
            viewer = f"{path}/viewers/00000000-0000-4000-8000-000000000001"

            assert (await there.put(viewer, json={"seen_seq": 1})).status_code == 200
            assert await heard() == (red, gray + 1)
            assert (await here.post(f"{path}/close", json={"seen_seq": 1})).status_code == 200
            assert await heard() == (red, gray)
