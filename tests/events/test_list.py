"""HOOK: `GET /events` as JSON is the log of an organization, for those who may see each type."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.access.rules import Permission
from api.events.loop import clean_up
from api.events.rules import EventType, NewEvent
from api.events.service import record_events
from api.kit.accept import prefers
from tests.support.world import World

EVENTS = "/api/v1/events"
PARENT = "+13125550101"
JSON = {"Accept": "application/json"}


async def page(client: httpx.AsyncClient, *, status: int = 200, **params: Any) -> dict[str, Any]:
    answer = await client.get(EVENTS, params=params, headers=JSON)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def all_of(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while True:
        found = await page(client, **params)
        items += found["items"]
        if found["next_cursor"] is None:
            return items
        params["after"] = found["next_cursor"]


async def test_HOOK_a_program_that_comes_back_gets_what_it_missed_once_and_in_order(world: World) -> None:
    start = (await page(world.maria, after="latest"))["items"]
    for number in range(7):
        await world.text(PARENT, f"{number}")
    after = {"after": start[0]["id"]} if start else {}
    every = await all_of(world.maria, limit=3, **after)
    assert [each["type"] for each in every] == ["message.received", "conversation.unread", *["message.received"] * 6]
    assert [each["data"]["seq"] for each in every if each["type"] == "message.received"] == [1, 2, 3, 4, 5, 6, 7]
    assert [each["created_at"] for each in every] == sorted(each["created_at"] for each in every)
    assert (await page(world.maria, after=every[-1]["id"])) == {"items": [], "next_cursor": None}
    assert (await page(world.maria, after="latest"))["items"] == every[-1:]

    await world.text(PARENT, "8")
    (missed,) = (await page(world.maria, after=every[-1]["id"]))["items"]
    assert missed["data"]["seq"] == 8
    rest = await page(world.maria, after=every[3]["id"], type="conversation.unread")
    assert rest["items"] == []
    both = await all_of(world.maria, type=["message.received", "conversation.unread"], limit=2, **after)
    assert both == [*every, missed]


async def test_HOOK_directory_alone_shows_changes_of_consent(world: World) -> None:
    await world.family("Castillo", PARENT)
    await world.text(PARENT, "Hello")
    for reader in (world.olga, await world.api_key(Permission.DIRECTORY)):
        assert {each["type"] for each in await all_of(reader)} == {"opt_in.changed"}
        assert (await page(reader, after="latest"))["items"][0]["type"] == "opt_in.changed"
        refused = await page(reader, status=403, type=["opt_in.changed", "message.received"])
        assert refused["permission"] == "sms_logs"
        stream = await reader.get(EVENTS, headers={"Accept": "text/event-stream"})
        assert (stream.status_code, stream.json()["permission"]) == (403, "sms_logs")
    key = await world.api_key(Permission.SMS_LOGS)
    assert {each["type"] for each in await all_of(key)} == {"opt_in.changed", "message.received", "conversation.unread"}
    for stranger in (world.grace, world.noah):
        await page(stranger, status=403)
    await page(world.service.client(), status=401)


async def test_PERM_TENANT_another_organizations_events_are_not_there(world: World) -> None:
    await world.text(PARENT, "Hello")
    (first, *_) = await all_of(world.maria)
    neighbour = await World.create(world.service)
    assert first["id"] not in {each["id"] for each in await all_of(neighbour.admin)}
    assert (await page(neighbour.admin, status=410, after=first["id"]))["type"] == "/problems/event-expired"


async def test_HOOK_an_event_that_is_not_in_the_log_says_to_start_anew(world: World) -> None:
    await world.text(PARENT, "Hello")
    (first, *_) = await all_of(world.maria)
    await page(world.maria, status=410, after=str(uuid4()))
    await world.rows("UPDATE events SET created_at = created_at - interval '31 days' WHERE true RETURNING id")
    await world.text(PARENT, "Hello again")
    assert await clean_up(world.service.database) is False
    problem = await page(world.maria, status=410, after=first["id"])
    assert "after=latest" in problem["detail"]
    (left,) = await all_of(world.maria)
    assert left["data"]["seq"] == 2
    positions = await world.rows("SELECT position FROM events WHERE type <> 'live.changed'")
    assert positions > [(1,)]


@pytest.mark.parametrize(
    "wrong", [{"after": "yesterday"}, {"type": "message.sang"}, {"type": "live.changed"}, {"limit": 0}]
)
async def test_what_is_not_valid_is_refused(world: World, wrong: dict[str, Any]) -> None:
    problem = await page(world.maria, status=422, **wrong)
    assert {each["pointer"].split("/")[2] for each in problem["errors"]} == set(wrong)


async def test_a_parameter_of_the_log_asks_for_it_where_no_media_type_is_named(world: World) -> None:
    for params in ({"limit": 5}, {"type": "message.sent"}, {"after": "latest"}):
        answer = await world.maria.get(EVENTS, params=params, headers={"Accept": "*/*"})
        assert answer.json().keys() == {"items", "next_cursor"}


async def test_the_stream_is_neither_cut_nor_filtered(world: World) -> None:
    for params in ({"limit": 5}, {"type": "message.sent"}):
        answer = await world.maria.get(EVENTS, params=params, headers={"Accept": "text/event-stream"})
        assert answer.status_code == 422
        assert "Accept: application/json" in answer.json()["detail"]


async def test_HOOK_internal_events_are_in_no_list(world: World) -> None:
    async with world.service.database.transaction() as session:
        test = NewEvent(type=EventType.WEBHOOK_TEST, data={"webhook_endpoint_id": str(uuid4())})
        record_events(session, world.organization_id, [test])
    assert "webhook_endpoint.test" not in {each["type"] for each in await all_of(world.admin)}
    assert "webhook_endpoint.test" not in {each["type"] for each in (await page(world.admin, after="latest"))["items"]}


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("", False),
        ("*/*", False),
        ("text/event-stream", False),
        ("text/html, */*;q=0.1", False),
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/json, text/plain, */*", True),
        ("application/*", True),
        ("application/json;q=0.5, text/event-stream", False),
        ("application/json, text/event-stream;q=0.9", True),
        ("application/json, text/event-stream", False),
        ("application/json;q=0", False),
        ("application/json;q=0, application/*", False),
        ("application/json;q=many", False),
        ("application/json;q=-1", False),
    ],
)
def test_the_accept_header_chooses(accept: str, is_json: bool) -> None:
    assert prefers(accept, "application/json", "text/event-stream") is is_json
