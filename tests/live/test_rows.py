"""Events carry rows with a version: what changed is read once, and what cannot be sent becomes a `resync`."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from api.kit.connection import plain_url
from api.live import gathering
from api.live.events import Content, Event
from api.live.gathering import MAX_GATHERED
from api.live.service import announce_conversation
from tests.lines.test_choice import add_line
from tests.live.test_events import PARENT, Server, seqs, server
from tests.live.test_events import Event as Received
from tests.support.world import World

__all__ = ["server"]

API = "/api/v1"


def rows(events: Sequence[Received]) -> list[dict[str, Any]]:
    return [event.data["conversation"] for event in events if event.type == "conversation"]


async def _detail(world: World, conversation_id: str) -> dict[str, Any]:
    response = await world.daniel.get(f"{API}/conversations/{conversation_id}")
    assert response.status_code == 200, response.text
    detail: dict[str, Any] = response.json()
    return detail


async def test_changes_that_come_together_are_one_event_for_each_row(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "GATHER_SECONDS", 1.0)
    world = server.world
    async with server.stream(world.daniel) as stream:
        for n in range(1, 6):
            await world.text(PARENT, f"{n}")
        events = await stream.until("message", "conversation", "indicator")
    assert seqs(events) == [1, 2, 3, 4, 5]
    (row,) = rows(events)
    assert (row["last_seq"], row["unread_messages"]) == (5, 5)
    assert [event.data["unread_messages"] for event in events if event.type == "indicator"] == [5]


async def test_every_change_of_a_row_raises_its_version_and_its_answer_has_it(server: Server) -> None:
    world = server.world
    versions: list[int] = []
    async with server.stream(world.maria) as stream:

        async def next_row() -> dict[str, Any]:
            while True:
                event = await stream.event()
                if event.type == "conversation" and event.data["version"] not in versions:
                    versions.append(event.data["version"])
                    row: dict[str, Any] = event.data["conversation"]
                    return row

        await world.text(PARENT, "Hello?")
        row = await next_row()
        path = f"{API}/conversations/{row['id']}"
        viewed = await world.view(row["id"], 1)
        row = await next_row()
        assert [viewer["name"] for viewer in row["viewers"]] == ["Maria"]
        assert viewed["version"] == row["version"]
        closed = (await world.maria.post(f"{path}/close", json={"seen_seq": 1})).json()
        row = await next_row()
        assert (closed["version"], closed["status"]) == (row["version"], "closed")
        opened = (await world.maria.post(f"{path}/reopen")).json()
        row = await next_row()
        assert (opened["version"], opened["status"]) == (row["version"], "open")
    assert versions == sorted(versions)
    assert (await _detail(world, row["id"]))["version"] == versions[-1]


async def test_a_change_by_a_process_of_an_earlier_release_raises_the_version(world: World) -> None:
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    await world.rows("UPDATE conversations SET status = 'closed' WHERE id = :id RETURNING id", id=conversation["id"])
    assert (await world.conversation(PARENT))["version"] == conversation["version"] + 1


async def test_a_change_of_consent_sends_the_rows_of_the_number(server: Server) -> None:
    world = server.world
    family = await world.family("Okafor", PARENT)
    record_id = family["contacts"][0]["phone_records"][0]["id"]
    await world.text(PARENT, "Hello?")
    before = await world.conversation(PARENT)
    async with server.stream(world.daniel) as stream:
        response = await world.maria.put(
            f"{API}/phone-records/{record_id}/opt-in", json={"state": "opted_out", "source": "verbal"}
        )
        assert response.status_code == 200, response.text
        events = await stream.until("opt_in", "conversation")
    (row,) = rows(events)
    assert (row["opted_out"], row["opt_in_check"]["reason"]) == (True, "opted_out")
    assert {"phone_number": PARENT} in [event.data for event in events if event.type == "opt_in"]
    assert row["version"] > before["version"]
    assert (await _detail(world, row["id"]))["version"] == row["version"]


async def test_a_change_of_who_holds_a_number_raises_the_version_of_its_rows(server: Server) -> None:
    world = server.world
    family = await world.family("Okafor", PARENT)
    await world.text(PARENT, "Hello?")
    path, contact = f"{API}/families/{family['id']}", family["contacts"][0]
    kept = [{"id": each["id"], "phone_number": each["phone_number"]} for each in contact["phone_records"]]
    renamed = {"id": contact["id"], "name": "Ada Okafor", "phone_records": kept}
    version = (await world.conversation(PARENT))["version"]
    async with server.stream(world.daniel) as stream:
        for change in ({"name": "Okafor-Lee"}, {"contacts": [renamed]}, {"notes": "Likes the beam"}):
            response = await world.admin.patch(path, json=change)
            assert response.status_code == 200, response.text
            if "notes" in change:
                continue
            (row,) = rows(await stream.until("opt_in", "conversation"))
            assert row["version"] > version
            version = row["version"]
        assert (row["holders"][0]["name"], row["holders"][0]["contact_name"]) == ("Okafor-Lee", "Ada Okafor")
        archived = await world.admin.post(f"{path}/archive")
        assert archived.status_code == 200, archived.text
        (row,) = rows(await stream.until("opt_in", "conversation"))
        # The notes were not announced, and did not raise it.
        assert row["version"] == version + 1


async def test_a_stop_on_one_line_raises_the_version_of_the_rows_of_every_line(server: Server) -> None:
    world = server.world
    await world.text(PARENT, "Hello?")
    first = await world.conversation(PARENT)
    line = await add_line(world, "+13125550999")
    await world.family("Okafor", PARENT)
    other = await world.maria.post(f"{API}/messages", json={"phone_number": PARENT, "body": "Hi", "line_id": line})
    assert other.status_code == 201, other.text
    before = await _detail(world, other.json()["conversation_id"])
    assert before["opted_out"] is False
    await world.text(PARENT, "STOP")
    after = await _detail(world, before["id"])
    assert (after["opted_out"], after["id"] != first["id"]) == (True, True)
    assert after["version"] > before["version"]


async def test_more_changes_than_are_worth_their_events_are_a_resync(server: Server) -> None:
    world = server.world
    async with server.stream(world.daniel) as stream:
        async with world.service.database.transaction() as session:
            for _ in range(MAX_GATHERED + 1):
                announce_conversation(session, world.organization_id, uuid4())
        assert (await stream.event()).type == "resync"
        await world.text(PARENT, "Afterwards")
        assert seqs(await stream.until("message")) == [1]


async def test_changes_that_cannot_be_read_are_a_resync(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "READ_SECONDS", 0.2)
    monkeypatch.setattr(gathering, "PAUSE_AFTER_FAILURE_SECONDS", 0.0)
    world = server.world
    await world.text(PARENT, "Hello?")
    conversation = UUID((await world.conversation(PARENT))["id"])
    owner = await asyncpg.connect(plain_url(world.service.urls.owner_url))
    async with server.stream(world.daniel) as stream:
        async with owner.transaction():
            await owner.execute("LOCK TABLE conversations IN ACCESS EXCLUSIVE MODE")
            async with world.service.database.transaction() as session:
                announce_conversation(session, world.organization_id, conversation)
            async with asyncio.timeout(10):
                assert (await stream.event()).type == "resync"
        async with world.service.database.transaction() as session:
            announce_conversation(session, world.organization_id, conversation)
        assert rows(await stream.until("conversation"))[0]["id"] == str(conversation)
    await owner.close()


def test_what_concerns_one_person_is_said_to_that_person() -> None:
    maria, noah = uuid4(), uuid4()
    event = Event.of(Content("indicator", {"unread": 2, "mine": 0}, {maria: {"mine": 1}}))
    assert event.encoded_for(maria) == b'event: indicator\ndata: {"unread":2,"mine":1}\n\n'
    assert event.encoded_for(noah) == b'event: indicator\ndata: {"unread":2,"mine":0}\n\n'
