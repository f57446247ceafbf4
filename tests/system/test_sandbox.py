"""Every test number of a sandbox line, with real API and worker processes (decision 0053)."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from api.providers.sandbox.numbers import BEHAVIORS, BY_NUMBER
from tests.support.business import LINE_NUMBER
from tests.support.sandbox import sandbox_line
from tests.support.stack import Stack, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

API = "/api/v1"
BODY = "Closed for snow."

SECONDS = 200.0
"""`queue_full` fails after about two minutes."""

EXPECTED: dict[str, tuple[str, str | None, Sequence[str], str | None]] = {
    # name: status, code of the error, what the phone texts, the reason if its number is blocked then
    "delivered": ("delivered", None, [], None),
    "sent": ("sent", None, [], None),
    "delivered_late": ("delivered", None, [], None),
    "invalid_number": ("failed", "invalid_number", [], None),
    "opted_out": ("failed", "opted_out", [], "stopped"),
    "landline": ("undelivered", "landline", [], None),
    "unreachable": ("undelivered", "unreachable", [], None),
    "blocked": ("undelivered", "blocked", [], None),
    "carrier_violation": ("undelivered", "carrier_violation", [], None),
    "not_in_service": ("failed", "not_in_service", [], None),
    "no_reason": ("failed", "no_reason", [], None),
    "opted_out_later": ("undelivered", "opted_out", [], "stopped"),
    "queue_full": ("failed", "queue_full", [], None),
    "rate_limited": ("delivered", None, [], None),
    "unknown_then_delivered": ("delivered", None, [], None),
    "unknown": ("unknown", None, [], None),
    "replies_stop": ("delivered", None, ["STOP"], "stopped"),
    "replies_start": ("delivered", None, ["START"], None),
    "echo": ("delivered", None, [BODY], None),
}


def number(name: str) -> str:
    return next(each.phone_number for each in BEHAVIORS if each.name == name)


async def opt_in(admin: httpx.AsyncClient, phone_number: str) -> None:
    record = {"phone_number": phone_number, "opt_in": {"state": "opted_in", "source": "portal"}}
    contact = {"name": "Try", "phone_records": [record]}
    made = await admin.post(f"{API}/families", json={"name": BY_NUMBER[phone_number].name, "contacts": [contact]})
    assert made.status_code == 201, made.text


async def text(admin: httpx.AsyncClient, phone_number: str, body: str = BODY) -> dict[str, Any]:
    sent = await admin.post(f"{API}/messages", json={"phone_number": phone_number, "body": body})
    assert sent.status_code == 201, sent.text
    message: dict[str, Any] = sent.json()
    return message


async def message_of(admin: httpx.AsyncClient, message: dict[str, Any]) -> dict[str, Any]:
    found = await admin.get(f"{API}/messages/{message['id']}")
    assert found.status_code == 200, found.text
    answer: dict[str, Any] = found.json()
    return answer


async def thread(admin: httpx.AsyncClient, message: dict[str, Any]) -> list[tuple[str, str]]:
    """The direction and the words of each text, without our answers to keywords."""
    found = await admin.get(f"{API}/conversations/{message['conversation_id']}/messages")
    assert found.status_code == 200, found.text
    return [(each["direction"], each["body"]) for each in found.json()["items"] if each["automatic"] is None]


async def reason(admin: httpx.AsyncClient, phone_number: str, line_id: str) -> str:
    checked = await admin.get(f"{API}/opt-in-checks", params={"phone_number": phone_number, "line_id": line_id})
    assert checked.status_code == 200, checked.text
    answer: str = checked.json()["reason"]
    return answer


async def test_each_test_number_does_what_the_table_says_also_while_the_worker_is_killed(stack: Stack) -> None:
    assert EXPECTED.keys() == {each.name for each in BEHAVIORS}
    async with stack.staff("admin") as admin:
        line_id = (await sandbox_line(admin))["id"]
        for each in BEHAVIORS:
            await opt_in(admin, each.phone_number)
        sent = {each.name: await text(admin, each.phone_number) for each in BEHAVIORS}

        async def is_sent() -> bool:
            late = await message_of(admin, sent["delivered_late"])
            return bool(late["status"] == "sent")

        # A text that is sent has its later events in the journal: nothing is lost with the process.
        await eventually(is_sent, "the late text is handed over")
        stack.kill("worker")
        stack.start("worker")

        for name, (status, code, replies, blocked) in EXPECTED.items():

            async def is_as_expected(name: str = name, status: str = status, replies: Sequence[str] = replies) -> bool:
                message = await message_of(admin, sent[name])
                theirs = [body for direction, body in await thread(admin, sent[name]) if direction == "inbound"]
                return message["status"] == status and theirs == list(replies)

            await eventually(is_as_expected, f"{name} is {status}", seconds=SECONDS)
            message = await message_of(admin, sent[name])
            assert (message["error"] and message["error"]["code"]) == code, name
            assert await reason(admin, number(name), line_id) == (blocked or "allowed"), name
        assert await stack.handed_over() == [], "nothing has left"

        # The STOP is confirmed once, and the phone does not answer the confirmation.
        stopped = await admin.get(f"{API}/conversations/{sent['replies_stop']['conversation_id']}/messages")
        automatic = [each for each in stopped.json()["items"] if each["automatic"]]
        assert [(each["automatic"], each["direction"]) for each in automatic] == [("keyword", "outbound")]

        refused = await admin.post(f"{API}/messages", json={"phone_number": number("replies_stop"), "body": "Again"})
        assert refused.status_code == 409, "the law holds on a sandbox line"
        started = await admin.post(
            f"{API}/lines/{line_id}/sandbox-texts", json={"phone_number": number("replies_stop"), "body": "START"}
        )
        assert started.status_code == 202, started.text

        async def may_be_texted() -> bool:
            return await reason(admin, number("replies_stop"), line_id) == "allowed"

        await eventually(may_be_texted, "START lifts the stop")


async def test_MASS_OPTIN_a_mass_text_over_a_sandbox_line_reports_each_outcome(stack: Stack) -> None:
    async with stack.staff("admin") as admin:
        lines = (await admin.get(f"{API}/lines")).json()["items"]
        (line_id,) = [each["id"] for each in lines if each["sandbox"]]
        outcomes = {
            number("delivered"): ("delivered", None),
            number("landline"): ("failed", "landline"),
            number("replies_start"): ("delivered", None),
            LINE_NUMBER: ("skipped", "no_record"),
        }
        audience = {"numbers": list(outcomes)}
        made = await admin.post(
            f"{API}/broadcasts", json={"name": "Try", "body": BODY, "audience": audience, "line_id": line_id}
        )
        assert made.status_code == 201, made.text
        path = f"{API}/broadcasts/{made.json()['id']}"
        going = await admin.post(f"{path}/send", json={"any_hour_reason": "A test at any time of day."})
        assert going.status_code == 200, going.text

        async def are_reported() -> bool:
            listed = (await admin.get(f"{path}/recipients")).json()["items"]
            return {each["phone_number"]: (each["state"], each["reason"]) for each in listed} == outcomes

        await eventually(are_reported, "each recipient has its outcome")
        assert await stack.handed_over() == []
