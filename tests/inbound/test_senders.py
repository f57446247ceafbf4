"""RECV-SENDER: what is not `+` and the digits of a phone number keeps to itself, and nothing is ever sent to it."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.world import World

STRANGERS = {
    "312GYMTEAM": "+13124968326",
    "800FLOWERS": "+18003569377",
    "3125550142": "+13125550142",
    "13125550143": "+13125550143",
    "(312) 555-0144": "+13125550144",
    " +13125550145": "+13125550145",
    "whatsapp:+13125550146": "+13125550146",
    "tel:+13125550147": "+13125550147",
    "01164211234567": "+64211234567",
    "\N{LEFT-TO-RIGHT MARK}+13125550148": "+13125550148",
    "".join(chr(0xFF10 + int(digit)) for digit in "13125550149"): "+13125550149",
}
"""Senders that have been read as somebody's number, and whose."""

NOBODY = [
    "72345",
    "1",
    "BANK",
    "Bank",
    "bank ",
    "rosa@example.com",
    "rcs:agent_7",
    "+1312555",
    "+9991234567",
    "Zoë",
    "🤸",
]


async def checked(world: World, phone_number: str) -> dict[str, Any]:
    response = await world.maria.get("/api/v1/opt-in-checks", params={"phone_number": phone_number})
    assert response.status_code == 200, response.text
    check: dict[str, Any] = response.json()
    return check


async def waiting(world: World) -> Sequence[str]:
    """To whom something is waiting to leave."""
    claims = await world.claims()
    return [claim.message.to for claim in claims]


async def answers_keywords(world: World) -> None:
    response = await world.admin.patch(
        f"/api/v1/lines/{world.line_id}", json={"settings": {"answers_keywords": True, "business_name": "Tumble"}}
    )
    assert response.status_code == 200, response.text


async def test_a_sender_that_is_no_phone_number_has_a_conversation_of_its_own_and_cannot_be_texted(
    world: World,
) -> None:
    senders = [*STRANGERS, *NOBODY]
    for stranger in STRANGERS.values():
        await world.family(stranger, stranger)
    for sender in senders:
        await world.text(sender, f"I am {sender}")
    for sender in senders:
        conversation = await world.conversation(sender)
        assert conversation["phone_number"] == conversation["display_name"] == sender
        assert conversation["holders"] == []
        assert [each["body"] for each in await world.thread(conversation["id"])] == [f"I am {sender}"]
        check = await checked(world, sender)
        assert (check["phone_number"], check["allowed"], check["reason"]) == (sender, False, "not_a_phone_number")
        reply = await world.maria.post(f"/api/v1/conversations/{conversation['id']}/messages", json={"body": "Hi"})
        assert reply.status_code == 409
        assert reply.json()["type"] == "/problems/not-allowed-to-text"
        assert reply.json()["check"]["reason"] == "not_a_phone_number"
        assert "can't be texted from here" in reply.json()["detail"]
    assert await waiting(world) == []


async def test_the_sentence_names_a_short_code_as_one(world: World) -> None:
    await world.text("72345", "Your parcel is here")
    conversation = await world.conversation("72345")
    reply = await world.maria.post(f"/api/v1/conversations/{conversation['id']}/messages", json={"body": "Hi"})
    assert reply.json()["detail"] == "“72345” is a short code, not a phone number, so it can't be texted from here."


async def test_STOP_and_HELP_of_such_a_sender_are_its_own_and_nobody_is_answered(world: World) -> None:
    await answers_keywords(world)
    await world.allow_countries("US", "NZ", "AU", "GB")
    for sender, stranger in STRANGERS.items():
        await world.family(stranger, stranger)
        for word in ("HELP", "STOP", "START", "STOP"):
            await world.text(sender, word)
        assert (await checked(world, stranger))["allowed"] is True, sender
        assert (await world.conversation(sender))["opted_out"] is True, "it texted STOP, whatever it is"
    stopped = await world.rows("SELECT number FROM phone_numbers WHERE stopped_at IS NOT NULL")
    assert {row[0] for row in stopped} == set(STRANGERS)
    assert await waiting(world) == []
    assert [row[0] for row in await world.rows("SELECT count(*) FROM messages WHERE direction = 'outbound'")] == [0]


@pytest.mark.parametrize(
    ("country", "line", "sender"),
    [("NZ", "+6493001234", "24680"), ("AU", "+61298765432", "199123"), ("GB", "+442079460123", "07400123456")],
)
async def test_digits_without_a_plus_are_nobody_s_number_on_a_line_of_any_country(
    world: World, country: str, line: str, sender: str
) -> None:
    await world.rows(
        f"UPDATE lines SET country = '{country}', phone_number = '{line}' RETURNING id",
    )
    await world.rows(f"UPDATE organizations SET country = '{country}' RETURNING id")
    await world.text(sender, "Hello")
    conversation = await world.conversation(sender)
    assert conversation["phone_number"] == sender
    assert [row[0] for row in await world.rows("SELECT number FROM phone_numbers")] == [sender]
    assert (await checked(world, sender))["reason"] == "not_a_phone_number"


async def test_what_the_API_returned_finds_it_everywhere(world: World) -> None:
    for sender in ("72345", "312GYMTEAM", "bank ", "x" * 400):
        await world.text(sender, "STOP")
    listed = (await world.daniel.get("/api/v1/conversations")).json()["items"]
    assert len(listed) == 4
    names = [each["phone_number"] for each in listed]
    for name, conversation in zip(names, listed, strict=True):
        assert (await world.conversation(name))["id"] == conversation["id"]
        assert (await checked(world, name))["phone_number"] == name
        entries = await world.admin.get("/api/v1/audit-entries", params={"phone_number": name})
        assert {entry["phone_number"] for entry in entries.json()["items"]} == {name}
        started = await world.maria.post("/api/v1/conversations", json={"phone_number": name})
        assert (started.status_code, started.json()["id"]) == (200, conversation["id"])
    bulk = await world.maria.post("/api/v1/opt-in-checks", json={"phone_numbers": [*names, "+13125550101"]})
    assert [each["phone_number"] for each in bulk.json()["items"]] == [*names, "+13125550101"]


async def test_what_has_never_texted_and_is_no_number_is_refused_with_a_reason(world: World) -> None:
    asked = {"phone_number": "72345"}
    for response in (
        await world.maria.get("/api/v1/conversations", params=asked),
        await world.maria.get("/api/v1/opt-in-checks", params=asked),
        await world.maria.post("/api/v1/conversations", json=asked),
    ):
        assert response.status_code == 422
        assert "“72345” is" in response.json()["errors"][0]["detail"]


@pytest.mark.parametrize("sender", ["72345", "312GYMTEAM", "rosa@example.com", "whatsapp:+13125550101"])
async def test_no_record_can_hold_one(world: World, sender: str) -> None:
    await world.text(sender, "Hello")
    record = {"phone_number": sender, "opt_in": {"state": "opted_in", "source": "verbal"}}
    family = {"name": "Rivera", "contacts": [{"name": "Ana", "phone_records": [record]}]}
    assert (await world.admin.post("/api/v1/families", json=family)).status_code == 422
    person = {"name": "Jo", "email": "jo@gym.test", "permissions": [], "phone_records": [record]}
    assert (await world.admin.post("/api/v1/staff-members", json=person)).status_code == 422


async def test_what_an_earlier_version_queued_or_failed_to_one_never_leaves(world: World) -> None:
    """Its rows are as the earlier version left them: a reply, a confirmation past the gate, and one that failed."""
    await answers_keywords(world)
    number = "+13125550142"
    await world.text(number, "Hello")
    conversation = await world.conversation(number)
    address = f"/api/v1/conversations/{conversation['id']}/messages"
    failed = (await world.maria.post(address, json={"body": "Hi"})).json()
    await world.rows(
        "WITH gone AS (DELETE FROM outbox RETURNING id)"
        " UPDATE messages SET status = 'failed', error_code = '30003' WHERE id IN (SELECT id FROM gone) RETURNING id"
    )
    queued = (await world.maria.post(address, json={"body": "Hi"})).json()
    await world.text(number, "STOP")
    await world.rows("UPDATE phone_numbers SET number = '72345' RETURNING id")

    for _ in range(3):
        assert await waiting(world) == []
    told = (await world.maria.get(f"/api/v1/messages/{queued['id']}")).json()
    assert (told["status"], told["error"]["code"]) == ("failed", "not_allowed_not_a_phone_number")
    assert "72345" in told["error"]["title"]
    assert await world.rows("SELECT id FROM outbox") == []
    retried = await world.maria.post(f"/api/v1/messages/{failed['id']}/retry")
    assert (retried.status_code, retried.json()["check"]["reason"]) == (409, "not_a_phone_number")


async def test_a_number_of_another_country_is_called_by_its_international_form(world: World) -> None:
    await world.rows("UPDATE organizations SET country = 'NZ' RETURNING id")
    for number, name in {
        "+27211234567": "+27 21 123 4567",
        "+64211234567": "021 123 4567",
        "+13125550142": "+1 312-555-0142",
    }.items():
        await world.text(number, "Where is class?")
        assert (await world.conversation(number))["display_name"] == name
    found = await world.maria.get("/api/v1/messages/search", params={"q": "class"})
    names = {each["conversation"]["display_name"] for each in found.json()["items"]}
    assert names == {"+27 21 123 4567", "021 123 4567", "+1 312-555-0142"}
