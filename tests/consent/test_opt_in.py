"""The opt-in check on every path that sends (OPTIN-*)."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from api.access.rules import Permission
from tests.support.business import ACCOUNT_SID, AUTH_TOKEN
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


async def check(world: World, number: str = PARENT, **params: str) -> dict[str, Any]:
    response = await world.daniel.get(f"{API}/opt-in-checks", params={"phone_number": number, **params})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def change(world: World, family: dict[str, Any], state: str) -> None:
    record = family["contacts"][0]["phone_records"][0]["id"]
    body = {"state": state, "source": "verbal"}
    assert (await world.maria.put(f"{API}/phone-records/{record}/opt-in", json=body)).status_code == 200


async def on_staff(world: World, state: str, number: str = PARENT) -> dict[str, Any]:
    person = {
        "name": "Coach Kim",
        "email": "kim@gym.test",
        "permissions": [],
        "phone_records": [{"phone_number": number, "opt_in": {"state": state, "source": "staff"}}],
    }
    response = await world.admin.post(f"{API}/staff-members", json=person)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


async def second_line(world: World) -> str:
    line = {
        "label": "Camp",
        "phone_number": "+13125550188",
        "kind": "long_code",
        "country": "US",
        "provider": "simulator",
        "credentials": {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN},
    }
    response = await world.admin.post(f"{API}/lines", json=line)
    assert response.status_code == 201, response.text
    line_id: str = response.json()["id"]
    return line_id


Path = Callable[[World], Awaitable[httpx.Response]]


async def reply(world: World) -> httpx.Response:
    conversation = await world.conversation(PARENT)
    return await world.maria.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "Hi"})


async def reply_by_key(world: World) -> httpx.Response:
    client = await world.api_key(*Permission)
    conversation = await world.conversation(PARENT)
    return await client.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "Hi"})


async def start_conversation(world: World) -> httpx.Response:
    line_id = await second_line(world)
    return await world.maria.post(f"{API}/conversations", json={"phone_number": PARENT, "line_id": line_id})


async def retry(world: World) -> httpx.Response:
    ((message_id,),) = await world.rows("SELECT id FROM messages WHERE body = 'Sent before'")
    await world.settle_as(message_id, "failed")
    return await world.maria.post(f"{API}/messages/{message_id}/retry")


PATHS: dict[str, Path] = {
    "a reply": reply,
    "an API key's reply": reply_by_key,
    "a new conversation": start_conversation,
    "sending again": retry,
}


@pytest.fixture
async def families(world: World) -> list[dict[str, Any]]:
    """Two families that share one number, both opted in, with a conversation in which a message was sent."""
    families = [await world.family("Rivera", PARENT), await world.family("Okafor", PARENT)]
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    sent = await world.maria.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "Sent before"})
    assert sent.status_code == 201
    return families


@pytest.mark.parametrize("path", PATHS)
async def test_OPTIN_ALL_one_instance_that_is_opted_out_blocks_the_number_through_every_path(
    world: World, families: list[dict[str, Any]], path: str
) -> None:
    await change(world, families[1], "opted_out")
    before = await world.rows("SELECT count(*) FROM messages")

    refused = await PATHS[path](world)

    assert refused.status_code == 409
    problem = refused.json()
    assert problem["type"] == "/problems/not-allowed-to-text"
    assert problem["check"]["reason"] == "opted_out"
    assert problem["check"]["allowed"] is False
    # OPTIN-EXPLAIN: every instance, and which of them blocks.
    instances = {each["owner_name"]: each for each in problem["check"]["instances"]}
    assert set(instances) == {"Rivera family", "Okafor family"}
    assert instances["Rivera family"]["blocks"] is False
    blocking = instances["Okafor family"]
    assert blocking["blocks"] is True
    assert blocking["contact_name"] == "Maya Okafor"
    assert blocking["owner_id"] == families[1]["id"]
    assert blocking["phone_record_id"] == families[1]["contacts"][0]["phone_records"][0]["id"]
    assert blocking["state"] == "opted_out"
    assert blocking["source"] == "verbal"
    assert blocking["changed_by"]["name"] == "Maria"
    assert blocking["changed_at"] is not None
    assert "Okafor family" in problem["detail"]
    assert "Rivera" not in problem["detail"]
    assert await world.rows("SELECT count(*) FROM messages") == before


@pytest.mark.parametrize("path", PATHS)
async def test_OPTIN_ALL_the_number_is_free_once_every_instance_has_opted_in(
    world: World, families: list[dict[str, Any]], path: str
) -> None:
    await change(world, families[1], "opted_out")
    await change(world, families[1], "opted_in")

    assert (await PATHS[path](world)).status_code == 201


@pytest.mark.parametrize("path", PATHS)
async def test_OPTIN_STOP_blocks_through_every_path(world: World, families: list[dict[str, Any]], path: str) -> None:
    await world.text(PARENT, " stop. ")

    refused = await PATHS[path](world)

    assert refused.status_code == 409
    assert refused.json()["check"]["reason"] == "stopped"
    assert refused.json()["check"]["stopped_at"] is not None
    assert families


async def test_OPTIN_ALL_a_staff_members_record_blocks_like_a_familys(world: World) -> None:
    await world.family("Rivera", PARENT)
    coach = await on_staff(world, "opted_out")

    found = await check(world)

    assert found["reason"] == "opted_out"
    (blocking,) = [each for each in found["instances"] if each["blocks"]]
    assert (blocking["kind"], blocking["owner_id"]) == ("staff_member", coach["id"])
    assert blocking["contact_name"] is None


async def test_OPTIN_ALL_a_record_that_was_never_asked_blocks(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.family("Chen", PARENT, state=None)

    found = await check(world)

    assert found["reason"] == "not_opted_in"
    assert [each["owner_name"] for each in found["instances"] if each["blocks"]] == ["Chen family"]


async def test_OPTIN_EXPLAIN_the_strongest_reason_is_given(world: World) -> None:
    assert (await check(world))["reason"] == "no_record"
    family = await world.family("Rivera", PARENT, state=None)
    assert (await check(world))["reason"] == "not_opted_in"
    await change(world, family, "opted_out")
    assert (await check(world))["reason"] == "opted_out"
    await world.text(PARENT, "STOP")
    assert (await check(world))["reason"] == "stopped"
    await world.text(PARENT, "START")
    await change(world, family, "opted_in")
    await world.admin.patch(f"{API}/lines/{world.line_id}", json={"enabled": False})
    assert (await check(world))["reason"] == "line_blocked"
    await world.admin.patch(f"{API}/lines/{world.line_id}", json={"enabled": True})
    assert (await check(world))["reason"] == "allowed"


async def test_OPTIN_EXPLAIN_the_conversation_shows_the_check(world: World, families: list[dict[str, Any]]) -> None:
    await change(world, families[0], "opted_out")
    listed = await world.conversation(PARENT)
    detail = (await world.daniel.get(f"{API}/conversations/{listed['id']}")).json()

    assert listed["opted_out"] is True
    assert detail["opt_in_check"] == await check(world)


async def test_OPTIN_UNKNOWN_SENDER_may_be_answered_on_the_line_it_texted_and_on_no_other(world: World) -> None:
    other = await second_line(world)
    await world.text(PARENT, "Do you have a trial class?")

    allowed = await check(world, line_id=str(world.line_id))
    elsewhere = await check(world, line_id=other)

    assert (allowed["reason"], allowed["note"]) == ("allowed", "consumer_initiated")
    assert allowed["instances"] == []
    assert (elsewhere["reason"], elsewhere["allowed"]) == ("no_record", False)
    assert (await reply(world)).status_code == 201
    started = await world.maria.post(f"{API}/conversations", json={"phone_number": PARENT, "line_id": other})
    assert started.status_code == 409
    assert started.json()["check"]["reason"] == "no_record"


async def test_OPTIN_UNKNOWN_SENDER_a_conversation_with_a_stranger_cannot_be_started(world: World) -> None:
    before = await world.table_sizes()

    started = await world.maria.post(f"{API}/conversations", json={"phone_number": PARENT})

    assert started.status_code == 409
    assert started.json()["check"]["reason"] == "no_record"
    assert await world.table_sizes() == before


async def test_OPTIN_UNKNOWN_SENDER_texting_first_does_not_outweigh_a_record_that_was_never_asked(
    world: World,
) -> None:
    await world.text(PARENT, "Hello?")
    await world.family("Rivera", PARENT, state=None)
    assert (await reply(world)).json()["check"]["reason"] == "not_opted_in"


async def test_OPTIN_ARCHIVED_an_archived_record_that_is_opted_out_still_blocks(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.family("Chen", PARENT, state="opted_out", archived=True)

    found = await check(world)

    assert found["reason"] == "opted_out"
    (blocking,) = [each for each in found["instances"] if each["blocks"]]
    assert (blocking["owner_name"], blocking["archived"]) == ("Chen family", True)


async def test_OPTIN_ARCHIVED_an_archived_record_that_is_opted_in_counts_for_nothing(world: World) -> None:
    await world.family("Rivera", PARENT, archived=True)

    assert (await check(world))["reason"] == "no_record"

    await world.text(PARENT, "We are back!")
    found = await check(world)
    assert (found["reason"], found["note"]) == ("allowed", "consumer_initiated")


async def test_OPTIN_ARCHIVED_an_archived_staff_member_who_opted_out_still_blocks(world: World) -> None:
    await world.family("Rivera", PARENT)
    coach = await on_staff(world, "opted_out")
    await world.admin.post(f"{API}/staff-members/{coach['id']}/archive")
    assert (await check(world))["reason"] == "opted_out"


async def test_OPTIN_STOP_holds_on_every_line_and_for_every_record(
    world: World, families: list[dict[str, Any]]
) -> None:
    other = await second_line(world)
    await world.text(PARENT, "STOP")

    for line_id in (str(world.line_id), other):
        assert (await check(world, line_id=line_id))["reason"] == "stopped"
    # The records have not changed.
    for family in families:
        stored = (await world.admin.get(f"{API}/families/{family['id']}")).json()
        assert stored["contacts"][0]["phone_records"][0]["opt_in"]["state"] == "opted_in"


WORDS = [
    ("STOP", True),
    ("stopall", True),
    ("Stop all", True),
    ("Unsubscribe!", True),
    ("“cancel”", True),
    ("END", True),
    ("quit\n", True),
    ("Revoke", True),
    ("optout", True),
    ("opt  out", True),
    ("we have got to STOP this", False),
    ("STOP texting me", False),
    ("stopp", False),
    ("NO", False),
]


async def test_OPTIN_STOP_only_the_whole_message_stops(world: World) -> None:
    for n, (word, stops) in enumerate(WORDS):
        number = f"+131255503{n:02d}"
        await world.text(number, word)
        assert (word, (await check(world, number))["reason"]) == (word, "stopped" if stops else "allowed")


async def test_OPTIN_START_lifts_a_stop_and_YES_does_not(world: World) -> None:
    for word, lifts in (("YES", False), ("start now", False), (" unstop. ", True), ("START", True)):
        await world.text(PARENT, "STOP")
        await world.text(PARENT, word)
        assert (word, (await check(world))["reason"]) == (word, "allowed" if lifts else "stopped")


async def test_OPTIN_START_changes_no_phone_record(world: World) -> None:
    family = await world.family("Rivera", PARENT, state="opted_out")
    await world.text(PARENT, "STOP")
    await world.text(PARENT, "START")

    stored = (await world.admin.get(f"{API}/families/{family['id']}")).json()

    assert stored == family
    assert (await check(world))["reason"] == "opted_out"


async def test_OPTIN_START_staff_cannot_lift_a_stop(world: World, families: list[dict[str, Any]]) -> None:
    await world.text(PARENT, "STOP")

    for family in families:
        await change(world, family, "opted_in")

    assert (await check(world))["reason"] == "stopped"


async def test_OPTIN_STOP_and_START_the_providers_own_signal_counts_whatever_the_words(world: World) -> None:
    for signal, reason in (("HELP", "allowed"), ("STOP", "stopped"), ("HELP", "stopped"), ("START", "allowed")):
        await world.text(PARENT, "d'accord", OptOutType=signal)
        assert (signal, (await check(world))["reason"]) == (signal, reason)


async def test_OPTIN_EVIDENCE_a_person_cannot_claim_that_the_phone_did_it(world: World) -> None:
    family = await world.family("Rivera", PARENT)
    record = family["contacts"][0]["phone_records"][0]["id"]
    for source in ("keyword", "provider"):
        body = {"state": "opted_in", "source": source}
        response = await world.maria.put(f"{API}/phone-records/{record}/opt-in", json=body)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/source"


async def test_OPTIN_MOVE_a_new_number_on_a_record_starts_unknown(world: World) -> None:
    family = await world.family("Rivera", PARENT)
    contact = family["contacts"][0]
    moved = {
        "id": contact["id"],
        "name": contact["name"],
        "phone_records": [{"id": contact["phone_records"][0]["id"], "phone_number": "+13125550177"}],
    }

    patched = await world.admin.patch(f"{API}/families/{family['id']}", json={"contacts": [moved]})

    assert patched.status_code == 200, patched.text
    assert patched.json()["contacts"][0]["phone_records"][0]["opt_in"]["state"] == "unknown"
    assert (await check(world, "+13125550177"))["reason"] == "not_opted_in"
    assert (await check(world))["reason"] == "no_record"


async def test_OPTIN_DISPATCH_the_decision_is_stored_with_the_message(
    world: World, families: list[dict[str, Any]]
) -> None:
    decided = await check(world)
    sent = (await reply(world)).json()
    await change(world, families[0], "opted_out")

    detail = (await world.daniel.get(f"{API}/messages/{sent['id']}")).json()

    assert detail["opt_in_check"] == decided
    assert [each["blocks"] for each in detail["opt_in_check"]["instances"]] == [False, False]


async def test_checks_in_bulk_answer_like_single_ones_in_the_order_asked(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.family("Chen", "+13125550102", state="opted_out")
    await world.text("+13125550103", "Hello")
    numbers = ["+13125550103", PARENT, "+13125550104", "+13125550102"]

    response = await world.daniel.post(f"{API}/opt-in-checks", json={"phone_numbers": numbers})

    assert response.status_code == 200, response.text
    assert response.json()["items"] == [{**await check(world, number), "error": None} for number in numbers]


async def test_an_entry_in_bulk_that_cannot_be_read_has_an_error_of_its_own(world: World) -> None:
    await world.family("Rivera", PARENT)
    entries = ["12", PARENT, "", "+1312555010X", "x" * 400, "72345", "(312) 555-0101"]

    response = await world.daniel.post(f"{API}/opt-in-checks", json={"phone_numbers": entries})

    assert response.status_code == 200, response.text
    items = response.json()["items"]
    assert [item["error"] is None for item in items] == [entry in {PARENT, "(312) 555-0101"} for entry in entries]
    assert [item["allowed"] for item in items] == [item["error"] is None for item in items]
    assert [item["phone_number"] for item in items] == [*("12", PARENT, "", "+1312555010X", "x" * 320, "72345", PARENT)]
    unread = [item for item in items if item["error"]]
    assert {(item["reason"], item["note"], len(item["instances"])) for item in unread} == {
        ("not_a_phone_number", None, 0)
    }
    assert "“72345” is" in items[5]["error"]


async def test_checks_in_bulk_take_a_thousand_numbers_and_no_more(world: World) -> None:
    numbers = [f"+1312555{n:04d}" for n in range(1001)]
    assert (await world.daniel.post(f"{API}/opt-in-checks", json={"phone_numbers": numbers})).status_code == 422
    response = await world.daniel.post(f"{API}/opt-in-checks", json={"phone_numbers": numbers[:1000]})
    assert [item["phone_number"] for item in response.json()["items"]] == numbers[:1000]


async def test_a_number_in_national_form_is_read_with_the_businesss_country(world: World) -> None:
    await world.family("Rivera", PARENT)
    assert (await check(world, "(312) 555-0101"))["phone_number"] == PARENT
    assert (await check(world, "(312) 555-0101"))["reason"] == "allowed"


async def test_a_text_that_is_not_a_number_is_refused_with_a_pointer(world: World) -> None:
    for number in ("555-0101", "12", "hello", "+1", "+0001234567", "+1312555010123456"):
        response = await world.daniel.get(f"{API}/opt-in-checks", params={"phone_number": number})
        assert (number, response.status_code) == (number, 422)
        assert response.json()["errors"][0]["pointer"] == "/query/phone_number"
