"""A mass text waits on a slow line, with a real worker and a carrier: a reply leaves in the line's next slot."""

import pytest
from sqlalchemy import text

from api.kit.database import database_time
from tests.support.mass_texts import store_mass_text
from tests.support.stack import Stack, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

SEND_LEASE_SECONDS = 60
PER_SECOND = 1
RECIPIENTS = 1_000
PARENT = "+13125550301"


async def test_MASS_FAIR_a_reply_leaves_in_the_next_slot_while_a_thousand_mass_texts_wait(stack: Stack) -> None:
    await stack.handset_texts(PARENT, "Are you open today?")
    organization_id, line_id = stack.business.organization_id, stack.business.line_id
    async with stack.staff("admin") as admin, stack.staff("maria") as maria:
        changed = await admin.patch(f"/api/v1/lines/{line_id}", json={"settings": {"messages_per_second": PER_SECOND}})
        assert changed.status_code == 200, changed.text

        async def asked() -> bool:
            return len((await maria.get("/api/v1/conversations")).json()["items"]) == 1

        await eventually(asked, "the parent has asked")
        (conversation,) = (await maria.get("/api/v1/conversations")).json()["items"]
        async with stack.database.transaction() as session:
            await store_mass_text(session, organization_id, line_id, range(RECIPIENTS))

        async def handed_over(count: int) -> bool:
            return len(await stack.handed_over()) >= count

        await eventually(lambda: handed_over(3 * PER_SECOND), "the mass text goes out at the line's pace")
        replied = await maria.post(f"/api/v1/conversations/{conversation['id']}/messages", json={"body": "Yes, come!"})
        assert replied.status_code == 201, replied.text

        async with stack.database.transaction() as session:
            accepted_at = await database_time(session)

        async def answered() -> bool:
            return any(each["to"] == PARENT for each in await stack.handed_over())

        await eventually(answered, "the reply has left")

    async with stack.database.transaction() as session:
        # What is claimed together is claimed at one time. A worker that was kept waiting claims the slots of up to one
        # second together: the line's next slot comes no later for that.
        passed = await session.scalar(
            text(
                "SELECT count(DISTINCT taken.at) FROM message_events AS taken, message_events AS own"
                " WHERE own.message_id = :id AND own.status = 'sending' AND own.source = 'worker'"
                " AND taken.status = 'sending' AND taken.source = 'worker'"
                " AND taken.at > :accepted_at AND taken.at < own.at"
            ),
            {"id": replied.json()["id"], "accepted_at": accepted_at},
        )
        waiting, written = (
            await session.execute(
                text("SELECT count(*), count(DISTINCT xmin::text) FROM outbox WHERE state = 'queued'")
            )
        ).one()
    assert passed <= 1, "one claim was under way when the reply came"
    assert waiting > RECIPIENTS / 2
    assert written == 1, "no text that waits has been touched since it was queued"
