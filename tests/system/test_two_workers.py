"""Two worker processes empty one outbox: each text leaves once, in order, and the line keeps to its pace."""

import asyncio

import pytest
from sqlalchemy import text

from tests.support.stack import Stack, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

SEND_LEASE_SECONDS = 60
PER_SECOND = 10
PARENTS = [f"+131255503{index:02}" for index in range(12)]
TEXTS_EACH = 3


async def test_SEND_ORDER_two_workers_keep_to_the_lines_pace_and_to_each_conversations_order(stack: Stack) -> None:
    await asyncio.gather(*(stack.handset_texts(parent, "Hello?") for parent in PARENTS))
    stack.start("another worker")
    async with stack.staff("admin") as admin, stack.staff("maria") as maria:
        line = f"/api/v1/lines/{stack.business.line_id}"
        changed = await admin.patch(line, json={"settings": {"messages_per_second": PER_SECOND}})
        assert changed.status_code == 200, changed.text

        async def everybody() -> bool:
            return len((await maria.get("/api/v1/conversations")).json()["items"]) == len(PARENTS)

        await eventually(everybody, "every parent has asked")
        conversations = (await maria.get("/api/v1/conversations")).json()["items"]
        for number in range(TEXTS_EACH):
            for each in conversations:
                path = f"/api/v1/conversations/{each['id']}/messages"
                assert (await maria.post(path, json={"body": f"text {number}"})).status_code == 201

    async def all_settled() -> bool:
        async with stack.database.transaction() as session:
            return not (await session.scalars(text("SELECT 1 FROM outbox"))).all()

    await eventually(all_settled, "every text has left")
    async with stack.database.transaction() as session:
        # A claim is a text's leave to go: its time is the database's, whichever worker has it.
        statement = text("SELECT at FROM message_events WHERE status = 'sending' AND source = 'worker' ORDER BY at")
        claimed = list((await session.scalars(statement)).all())
    assert len(claimed) == len(PARENTS) * TEXTS_EACH
    for first, start in enumerate(claimed):
        for last in range(first, len(claimed)):
            span = (claimed[last] - start).total_seconds()
            assert last - first + 1 <= PER_SECOND + PER_SECOND * span * 1.001 + 1e-6

    handed_over = await stack.handed_over()
    assert len(handed_over) == len(claimed)
    assert await stack.handed_over_twice() == []
    for parent in PARENTS:
        bodies = [each["body"] for each in handed_over if each["to"] == parent]
        assert bodies == [f"text {number}" for number in range(TEXTS_EACH)]
