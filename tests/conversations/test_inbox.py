"""The inbox: which conversations it lists, in which order, what each shows, and starting one."""

from typing import Any

import pytest

from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


@pytest.fixture
async def conversation(world: World) -> dict[str, Any]:
    await world.text(PARENT, "Is class on?")
    return await world.conversation(PARENT)


async def test_the_inbox_is_newest_first_and_narrows_by_everything_it_names(world: World) -> None:
    rivera = await world.family("Rivera", PARENT)
    for number in (PARENT, "+13125550102", "+13125550103"):
        await world.text(number, "Hello?")
    middle = (await world.conversation("+13125550102"))["id"]
    await world.maria.post(f"{API}/conversations/{middle}/close", json={"seen_seq": 1})

    async def numbers(**params: str) -> list[str]:
        response = await world.daniel.get(f"{API}/conversations", params=params)
        assert response.status_code == 200, response.text
        return [item["phone_number"] for item in response.json()["items"]]

    assert await numbers() == ["+13125550103", "+13125550102", PARENT]
    assert await numbers(status="closed") == ["+13125550102"]
    assert await numbers(status="unread") == ["+13125550103", PARENT]
    assert await numbers(status="open") == []
    assert await numbers(phone_number="(312) 555-0103") == ["+13125550103"]
    assert await numbers(phone_number="+13125550999") == []
    assert await numbers(family_id=rivera["id"]) == [PARENT]
    assert await numbers(line_id=str(world.line_id)) == ["+13125550103", "+13125550102", PARENT]
    assert await numbers(family_id=rivera["id"], status="closed") == []


async def test_REACH_STAFF_a_staff_members_conversations_are_found_by_the_record(world: World) -> None:
    person = {
        "name": "Kim",
        "email": "kim@gym.test",
        "permissions": [],
        "phone_records": [{"phone_number": PARENT, "opt_in": {"state": "opted_in", "source": "staff"}}],
    }
    kim = (await world.admin.post(f"{API}/staff-members", json=person)).json()
    await world.text(PARENT, "I am late")
    await world.text("+13125550102", "Hello")

    found = (await world.daniel.get(f"{API}/conversations", params={"staff_member_id": kim["id"]})).json()["items"]

    assert [item["phone_number"] for item in found] == [PARENT]
    assert found[0]["display_name"] == "Kim"


async def test_the_inbox_pages_without_repeating_or_skipping_while_texts_arrive(world: World) -> None:
    numbers = [f"+131255502{n:02d}" for n in range(7)]
    for number in numbers:
        await world.text(number, "Hello?")
    first = (await world.daniel.get(f"{API}/conversations", params={"limit": 3})).json()
    # One that was shown and one that was not move to the top, and a new one comes.
    for number in (numbers[6], numbers[0], "+13125550299"):
        await world.text(number, "Hello again")

    rest: list[dict[str, Any]] = []
    cursor = first["next_cursor"]
    while cursor is not None:
        page = (await world.daniel.get(f"{API}/conversations", params={"limit": 3, "cursor": cursor})).json()
        rest += page["items"]
        cursor = page["next_cursor"]

    assert [item["phone_number"] for item in first["items"]] == numbers[6:3:-1]
    assert [item["phone_number"] for item in rest] == numbers[3:0:-1]


async def test_the_last_page_has_no_next_even_when_it_is_full(world: World) -> None:
    for number in ("+13125550201", "+13125550202"):
        await world.text(number, "Hello?")
    page = (await world.daniel.get(f"{API}/conversations", params={"limit": 2})).json()
    assert (len(page["items"]), page["next_cursor"]) == (2, None)


async def test_a_conversation_shows_its_last_message_and_its_holders(world: World) -> None:
    family = await world.family("Rivera", PARENT)
    await world.family("Okafor", PARENT)
    await world.text(PARENT, "Is class on?\nWith the storm?")

    found = await world.conversation(PARENT)

    assert found["display_name"] == "Okafor family and Rivera family"
    assert [holder["name"] for holder in found["holders"]] == ["Okafor family", "Rivera family"]
    assert found["holders"][1] == {
        "kind": "family",
        "id": family["id"],
        "name": "Rivera family",
        "contact_name": "Maya Rivera",
        "phone_record_id": family["contacts"][0]["phone_records"][0]["id"],
    }
    assert found["last_message"]["preview"] == "Is class on? With the storm?"
    assert found["last_message"]["status"] == "received"
    assert found["last_message"]["seq"] == found["last_seq"] == 1


async def test_a_started_conversation_is_open_and_starting_it_again_finds_it(world: World) -> None:
    await world.family("Rivera", PARENT)

    started = await world.maria.post(f"{API}/conversations", json={"phone_number": "312-555-0101"})
    again = await world.maria.post(f"{API}/conversations", json={"phone_number": PARENT})

    assert (started.status_code, again.status_code) == (201, 200)
    assert started.json()["status"] == "open"
    assert started.json()["last_message"] is None
    assert again.json()["id"] == started.json()["id"]
    assert await world.indicator() == (0, 1)


async def test_starting_an_existing_conversation_returns_it_whatever_the_check_says(
    world: World, conversation: dict[str, Any]
) -> None:
    await world.text(PARENT, "STOP")
    found = await world.maria.post(f"{API}/conversations", json={"phone_number": PARENT})
    assert (found.status_code, found.json()["id"]) == (200, conversation["id"])
    assert found.json()["opt_in_check"]["reason"] == "stopped"


async def test_NZ_NOTICE_shows_for_a_new_zealand_number_on_a_short_code_alone(world: World) -> None:
    short_code = {
        "label": "Short code",
        "phone_number": "4777",
        "kind": "short_code",
        "country": "NZ",
        "provider": "simulator",
        "credentials": {"account_sid": "AC1", "auth_token": "t"},
    }
    line = (await world.admin.post(f"{API}/lines", json=short_code)).json()
    for line_id in (line["id"], str(world.line_id)):
        both = {"settings": {"countries": ["NZ", "US"]}}
        assert (await world.admin.patch(f"{API}/lines/{line_id}", json=both)).status_code == 200
    notices = {}
    for number in ("+64211234567", "+13125550101"):
        await world.family(number, number)
        for line_id in (line["id"], str(world.line_id)):
            body = {"phone_number": number, "line_id": line_id}
            started = await world.maria.post(f"{API}/conversations", json=body)
            notices[number[:3], line_id] = started.json()["notice"]

    assert "New Zealand" in notices.pop(("+64", line["id"]))
    assert set(notices.values()) == {None}
    assert len(notices) == 3
