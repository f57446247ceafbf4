"""Recipients refuse or move while a mass text goes out, with a real worker and a carrier."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.support.stack import Stack, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

BROADCASTS = "/api/v1/broadcasts"
FIRST, KEEPS, STOPS, REFUSES, MOVES = (f"+131255504{n:02}" for n in range(5))


def contacts(number: str, state: str = "opted_in") -> list[dict[str, Any]]:
    return [{"name": "A", "phone_records": [{"phone_number": number, "opt_in": {"state": state, "source": "portal"}}]}]


async def new_family(admin: httpx.AsyncClient, number: str, state: str = "opted_in") -> str:
    made = await admin.post("/api/v1/families", json={"name": f"F{number[-2:]}", "contacts": contacts(number, state)})
    assert made.status_code == 201, made.text
    family_id: str = made.json()["id"]
    return family_id


async def send(admin: httpx.AsyncClient, audience: dict[str, Any]) -> str:
    made = await admin.post(BROADCASTS, json={"name": "Snow", "body": "Closed for snow.", "audience": audience})
    assert made.status_code == 201, made.text
    path = f"{BROADCASTS}/{made.json()['id']}"
    sent = await admin.post(f"{path}/send", json={"any_hour_reason": "A test at any time of day."})
    assert sent.status_code == 200, sent.text
    return path


async def recipients(admin: httpx.AsyncClient, path: str) -> dict[str, tuple[str, str | None]]:
    listed = await admin.get(f"{path}/recipients")
    assert listed.status_code == 200, listed.text
    return {each["phone_number"]: (each["state"], each["reason"]) for each in listed.json()["items"]}


async def test_MASS_OPTIN_who_refuses_or_moves_while_it_goes_out_gets_nothing_and_the_report_says_why(
    stack: Stack,
) -> None:
    async with stack.staff("admin") as admin:
        # The line's first slot is used up; the next one is minutes away.
        line = f"/api/v1/lines/{stack.business.line_id}"
        assert (await admin.patch(line, json={"settings": {"messages_per_second": 0.01}})).status_code == 200
        await new_family(admin, FIRST)
        await send(admin, {"numbers": [FIRST]})

        async def has_left() -> bool:
            return [each["to"] for each in await stack.handed_over()] == [FIRST]

        await eventually(has_left, "the first text has left")
        families = {number: await new_family(admin, number) for number in (KEEPS, STOPS, REFUSES, MOVES)}
        # All but the first by their families: who is named by the number itself cannot leave a family.
        external = {number: f"f-{number[-2:]}" for number in families}
        for number, family_id in families.items():
            named = await admin.patch(f"/api/v1/families/{family_id}", json={"external_id": external[number]})
            assert named.status_code == 200, named.text
        path = await send(admin, {"external_ids": list(external.values())})

        async def are_queued() -> bool:
            return set((await recipients(admin, path)).values()) == {("queued", None)}

        await eventually(are_queued, "all are queued")
        await stack.handset_texts(STOPS, "STOP")
        await new_family(admin, REFUSES, "opted_out")
        await new_family(admin, MOVES)
        moved = await admin.patch(f"/api/v1/families/{families[MOVES]}", json={"contacts": []})
        assert moved.status_code == 200, moved.text

        async def is_stopped() -> bool:
            check = await admin.get("/api/v1/opt-in-checks", params={"phone_number": STOPS})
            return bool(check.json()["reason"] == "stopped")

        await eventually(is_stopped, "the STOP is applied")
        assert (await admin.patch(line, json={"settings": {"messages_per_second": 50}})).status_code == 200
        async with stack.database.transaction() as session:
            await session.execute(text("UPDATE lines SET next_send_at = now()"))

        async def is_sent() -> bool:
            return bool((await admin.get(path)).json()["state"] == "sent")

        await eventually(is_sent, "the mass text is sent")
        found = await recipients(admin, path)
        assert found.pop(KEEPS)[0] in {"sent", "delivered"}
        assert found == {
            STOPS: ("skipped", "stopped"),
            REFUSES: ("skipped", "opted_out"),
            MOVES: ("skipped", "moved"),
        }
        assert [each["to"] for each in await stack.handed_over()].count(KEEPS) == 1
        assert {each["to"] for each in await stack.handed_over()} == {FIRST, KEEPS}
        reasons = {each["reason"] for each in (await admin.get(path)).json()["reasons"]}
        assert reasons == {"stopped", "opted_out", "moved"}
