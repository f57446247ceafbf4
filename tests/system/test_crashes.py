"""SIGKILL of the API or the worker at any moment, followed by a start, loses nothing that was acknowledged."""

import asyncio
import random

import httpx
import pytest

from tests.support.stack import Stack, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

PARENTS = [f"+131255501{index:02}" for index in range(10)]
OTHER_PARENTS = [f"+131255502{index:02}" for index in range(10)]


async def conversations(staff: httpx.AsyncClient, parents: list[str]) -> dict[str, str]:
    items = (await staff.get("/api/v1/conversations", params={"limit": 200})).json()["items"]
    return {each["phone_number"]: each["id"] for each in items if each["phone_number"] in parents}


async def bodies(staff: httpx.AsyncClient, conversation_id: str) -> list[str]:
    page = (await staff.get(f"/api/v1/conversations/{conversation_id}/messages", params={"limit": 200})).json()
    return [each["body"] for each in page["items"]]


async def test_RECV_DURABLE_texts_survive_kills_of_the_api_and_the_worker_exactly_once(stack: Stack) -> None:
    texts = [(parent, f"text {index} of {parent}") for parent in PARENTS for index in range(6)]
    async with stack.staff("maria") as maria:
        sending = asyncio.gather(*(stack.handset_texts(parent, body) for parent, body in texts))
        for name in ("api", "worker", "api", "worker"):
            await asyncio.sleep(0.15)
            stack.kill(name)
            stack.start(name)
        await sending
        await stack.ready()

        async def all_arrived() -> bool:
            found = await conversations(maria, PARENTS)
            if set(found) != set(PARENTS):
                return False
            counts = [len(await bodies(maria, conversation_id)) for conversation_id in found.values()]
            return sum(counts) >= len(texts)

        await eventually(all_arrived, "every text has arrived")
        found = await conversations(maria, PARENTS)
        for parent in PARENTS:
            assert sorted(await bodies(maria, found[parent])) == sorted(body for p, body in texts if p == parent)
        indicator = (await maria.get("/api/v1/indicator")).json()
        assert indicator["unread_messages"] == len(texts)


async def test_SEND_NEVER_TWICE_replies_survive_kills_of_the_worker(stack: Stack) -> None:
    dice = random.Random(5)
    async with stack.staff("maria") as maria:
        await asyncio.gather(*(stack.handset_texts(parent, "Hello?") for parent in OTHER_PARENTS))

        async def all_there() -> bool:
            return len(await conversations(maria, OTHER_PARENTS)) == len(OTHER_PARENTS)

        await eventually(all_there, "every conversation is there")
        # A slow carrier keeps messages between claim and settle, where the kills find them.
        await stack.faults({"where": "send", "kind": "delay", "probability": 1, "seconds": 0.05})
        sent: list[str] = []
        for number, conversation_id in enumerate((await conversations(maria, OTHER_PARENTS)).values()):
            for index in range(4):
                response = await maria.post(
                    f"/api/v1/conversations/{conversation_id}/messages", json={"body": f"answer {index} to {number}"}
                )
                assert response.status_code == 201, response.text
                sent.append(response.json()["id"])
            if number % 2 == 0:
                await asyncio.sleep(dice.uniform(0, 0.15))
                stack.kill("worker")
                stack.start("worker")

        async def settled() -> bool:
            statuses = [(await maria.get(f"/api/v1/messages/{message_id}")).json()["status"] for message_id in sent]
            return all(status in {"delivered", "failed", "unknown"} for status in statuses)

        await eventually(settled, "every reply is delivered, failed or visibly unknown")
        assert await stack.handed_over_twice() == []
        handed_over = {each["body"] for each in await stack.handed_over()}
        for message_id in sent:
            message = (await maria.get(f"/api/v1/messages/{message_id}")).json()
            # What the carrier has is never shown as lost; what is shown as delivered the carrier has.
            assert (message["status"] == "delivered") == (message["body"] in handed_over), message
