"""The main job, from handset to handset, through real processes, signatures and PostgreSQL."""

from typing import Any

import httpx
import pytest

from tests.support.stack import Stack, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

PARENT = "+13125550101"
STOPPER = "+13125550102"


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
