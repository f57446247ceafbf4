"""TO-NAME: texting somebody by name, and starting a conversation by its first text."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.access.rules import Permission
from tests.lines.test_choice import add_line
from tests.support.world import World

API = "/api/v1"
ROSA, LUIS, AMBROSE, STRANGER = "+13125550101", "+13125550102", "+13125550103", "+13125550177"


async def family(world: World, name: str, contacts: dict[str, str], *, state: str = "opted_in") -> str:
    opt_in = {"state": state, "source": "portal"}
    body = {
        "name": name,
        "contacts": [
            {"name": contact, "phone_records": [{"phone_number": number, "label": "Mobile", "opt_in": opt_in}]}
            for contact, number in contacts.items()
        ],
    }
    response = await world.admin.post(f"{API}/families", json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def recipients(world: World, q: str) -> list[dict[str, Any]]:
    response = await world.daniel.get(f"{API}/recipients", params={"q": q})
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def start(world: World, by: httpx.AsyncClient | None = None, **body: object) -> httpx.Response:
    return await (by or world.maria).post(f"{API}/messages", json={"body": "Hi Rosa", **body})


@pytest.fixture
async def families(world: World) -> dict[str, str]:
    return {
        "Castillo": await family(world, "Castillo family", {"Luis Castillo": LUIS, "Rosa Castillo": ROSA}),
        "Ambrose": await family(world, "Ambrose family", {"Ann Ambrose": AMBROSE}, state="opted_out"),
    }


async def test_TO_NAME_names_that_begin_with_what_is_typed_come_first(world: World, families: dict[str, str]) -> None:
    found = await recipients(world, "ros")
    assert [each["contact_name"] for each in found] == ["Rosa Castillo", "Ann Ambrose", "Luis Castillo"]
    rosa = found[0]
    assert (rosa["kind"], rosa["owner_id"], rosa["owner_name"]) == ("family", families["Castillo"], "Castillo family")
    assert (rosa["phone_number"], rosa["label"]) == (ROSA, "Mobile")
    assert (rosa["check"]["allowed"], rosa["check"]["reason"], rosa["conversation"]) == (True, "allowed", None)
    assert (rosa["line"]["id"], rosa["line_reason"]) == (str(world.line_id), "country")
    ann = next(each for each in found if each["contact_name"] == "Ann Ambrose")
    assert (ann["check"]["allowed"], ann["check"]["reason"]) == (False, "opted_out")
    assert ann["check"]["detail"]
    assert (await recipients(world, "castillo rosa"))[0]["contact_name"] == "Rosa Castillo"
    assert await recipients(world, "Daniel") == [], "he is on no record with a number"


async def test_TO_NAME_numbers_in_any_spelling_and_numbers_of_nobody(world: World, families: dict[str, str]) -> None:
    for typed in (ROSA, "(312) 555-0101", "312.555.0101", "5550101"):
        assert [each["phone_number"] for each in await recipients(world, typed)] == [ROSA], typed
    (nobody,) = await recipients(world, "312 555 0177")
    assert (nobody["kind"], nobody["phone_number"], nobody["owner_id"]) == ("number", STRANGER, None)
    assert (nobody["check"]["allowed"], nobody["check"]["reason"]) == (False, "no_record")
    assert await recipients(world, "312 555") != []
    assert await recipients(world, "12") == []
    assert (await world.daniel.get(f"{API}/recipients", params={"q": " "})).status_code in {200, 422}
    assert (await world.grace.get(f"{API}/recipients", params={"q": "Rosa"})).status_code == 403


async def test_TO_NAME_archived_records_and_other_businesses_are_not_found(
    world: World, families: dict[str, str]
) -> None:
    other = await World.create(world.service)
    assert (await start(world, phone_number=ROSA)).status_code == 201
    assert await recipients(other, "Rosa") == []
    theirs = (await other.daniel.get(f"{API}/recipients/{ROSA}")).json()
    assert (theirs["conversation"], theirs["check"]["reason"], theirs["owner_id"]) == (None, "no_record", None)
    assert (await world.admin.post(f"{API}/families/{families['Castillo']}/archive")).status_code == 200
    assert await recipients(world, "Rosa") == []


async def test_TO_NAME_a_name_that_begins_so_is_found_among_many_that_contain_it(world: World) -> None:
    await asyncio.gather(*(family(world, f"Family {n:03}", {"Natali": f"+1312555{n:04}"}) for n in range(60)))
    await family(world, "Zhao", {"Li Zhao": ROSA})
    found = await recipients(world, "li")
    assert (len(found), found[0]["contact_name"]) == (20, "Li Zhao")


async def test_LINE_CHOICE_the_newest_conversation_then_the_default(world: World, families: dict[str, str]) -> None:
    second = await add_line(world, "+13125550190")
    assert (await world.admin.patch(f"{API}/lines/{second}", json={"default": True})).status_code == 200
    assert (await recipients(world, "rosa"))[0]["line_reason"] == "default"
    first = await start(world, phone_number=ROSA)
    assert first.status_code == 201, first.text
    assert (await world.conversation(ROSA))["line"] == {"id": second, "label": "Line +13125550190", "sandbox": False}
    await world.text(ROSA, "Hello on the other line")
    rosa = (await recipients(world, "rosa"))[0]
    assert (rosa["line"]["id"], rosa["line_reason"]) == (str(world.line_id), "conversation")
    assert rosa["conversation"]["line"]["id"] == str(world.line_id)
    again = await start(world, phone_number="(312) 555-0101")
    assert again.json()["conversation_id"] == rosa["conversation"]["id"]
    started = await world.maria.post(f"{API}/conversations", json={"phone_number": ROSA})
    assert (started.status_code, started.json()["id"]) == (200, rosa["conversation"]["id"])
    one = (await world.daniel.get(f"{API}/recipients/{ROSA}", params={"line_id": second})).json()
    assert (one["line"]["id"], one["line_reason"], one["check"]["allowed"]) == (second, "chosen", True)
    assert (await world.daniel.get(f"{API}/recipients/{ROSA}", params={"line_id": str(uuid4())})).status_code == 404


async def test_TO_NAME_a_conversation_is_made_by_its_first_text_and_never_empty(
    world: World, families: dict[str, str]
) -> None:
    before = await world.table_sizes()
    for wrong, status in (
        ({"phone_number": AMBROSE}, 409),
        ({"phone_number": STRANGER}, 409),
        ({"phone_number": "Rosa"}, 422),
        ({"phone_number": ROSA, "body": " "}, 422),
        ({"phone_number": ROSA, "body": "a" * 1601}, 422),
        ({"phone_number": ROSA, "line_id": str(uuid4())}, 404),
        ({"phone_number": ROSA, "seen_seq": 5}, 422),
        ({"phone_number": ROSA, "send_at": "2030-01-01T00:00:00Z"}, 422),
    ):
        response = await start(world, **wrong)
        assert response.status_code == status, (wrong, response.text)
        assert status != 409 or response.json()["check"]["allowed"] is False
    assert (await start(world, world.daniel, phone_number=ROSA)).status_code == 403
    assert await world.table_sizes() == before

    sent = await start(world, phone_number=ROSA)
    assert (sent.status_code, sent.json()["seq"], sent.json()["automatic"]) == (201, 1, None)
    conversation = await world.conversation(ROSA)
    assert (conversation["id"], conversation["status"]) == (sent.json()["conversation_id"], "open")
    assert await world.actions(conversation["id"]) == ["message.sent", "conversation.opened"]
    await world.text(ROSA, "Yes?")
    stale = await start(world, phone_number=ROSA, seen_seq=1)
    assert (stale.status_code, stale.json()["type"]) == (409, "/problems/new-messages")
    assert (await start(world, phone_number=ROSA, seen_seq=2, close=True)).status_code == 201
    assert (await world.conversation(ROSA))["status"] == "closed"


async def test_SEND_ONCE_STATUS_ONE_first_texts_at_once_make_one_conversation(
    world: World, families: dict[str, str]
) -> None:
    client = await world.api_key(Permission.SMS_LOGS, Permission.MASS_TEXT)
    key = {"Idempotency-Key": uuid4().hex}
    body = {"phone_number": ROSA, "body": "Once"}
    answers = await asyncio.gather(
        *(world.maria.post(f"{API}/messages", json=body, headers=key) for _ in range(3)),
        *(client.post(f"{API}/messages", json={"phone_number": ROSA, "body": f"Text {n}"}) for n in range(3)),
        world.text(ROSA, "Hello?"),
    )
    statuses = [each.status_code for each in answers[:6] if isinstance(each, httpx.Response)]
    assert statuses.count(201) >= 4
    assert set(statuses) <= {201, 409}, "the same key while the first one runs"
    thread = await world.thread((await world.conversation(ROSA))["id"])
    assert [each["seq"] for each in thread] == [1, 2, 3, 4, 5]
    assert [each["body"] for each in thread].count("Once") == 1
