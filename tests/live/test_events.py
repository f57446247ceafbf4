"""Live events over a real server: a change reaches those who may see it, at once and in order."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.dependencies import SESSION_COOKIE
from api.access.rules import Permission, Principal
from api.access.service import principal_of_cookie
from api.live import hub as hub_module
from api.live.service import TYPING, announce
from api.live.stream import MAX_QUEUED
from tests.support.server import serving
from tests.support.world import World

PARENT = "+13125550101"
EVENTS = "/api/v1/events"
EVENTS_OF_A_TEXT = {"message", "conversation", "thread_entry", "indicator"}
"""Those before its `message`, in any order."""

PATIENCE_SECONDS = 30
"""The longest wait for an event, on a busy machine."""


@dataclass
class Server:
    url: str
    world: World

    def client(self, person: httpx.AsyncClient) -> httpx.AsyncClient:
        """The same person or API key, over a socket."""
        headers = {name: value for name, value in person.headers.items() if name in {"authorization", "origin"}}
        return httpx.AsyncClient(base_url=self.url, headers=headers, cookies=person.cookies, timeout=PATIENCE_SECONDS)

    @contextlib.asynccontextmanager
    async def stream(
        self, person: httpx.AsyncClient, *, address: str = EVENTS, **headers: str
    ) -> AsyncIterator["Stream"]:
        client = self.client(person)
        async with client, client.stream("GET", address, headers=headers) as response:
            assert response.status_code == 200, await response.aread()
            stream = Stream(response)
            await stream.opened()
            yield stream


@pytest.fixture
async def server(world: World) -> AsyncIterator[Server]:
    async with serving(world) as url:
        yield Server(url, world)


@dataclass
class Event:
    id: str
    type: str
    data: dict[str, Any]


def seqs(events: list[Event]) -> list[int]:
    """Of the messages among the events."""
    return [event.data["message"]["seq"] for event in events if event.type == "message"]


@dataclass
class Stream:
    response: httpx.Response
    raw: str = ""
    _chunks: AsyncIterator[str] | None = None

    async def _block(self) -> str:
        """The next block of the stream, without its blank line. Raises `StopAsyncIteration` at its end."""
        if self._chunks is None:
            self._chunks = self.response.aiter_text()
        while "\n\n" not in self.raw:
            self.raw += await asyncio.wait_for(anext(self._chunks), PATIENCE_SECONDS)
        block, _, self.raw = self.raw.partition("\n\n")
        return block

    async def opened(self) -> None:
        assert await self._block() == "retry: 1000\n: connected"

    async def block(self) -> str:
        return await self._block()

    async def event(self) -> Event:
        """The next event with an id. Pings have none."""
        while (block := await self._block()).startswith("event: ping"):
            pass
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        assert set(fields) == {"id", "event", "data"}
        return Event(fields["id"], fields["event"], json.loads(fields["data"]))

    async def until(self, *types: str) -> list[Event]:
        """Events up to the point where each of `types` has come."""
        events: list[Event] = []
        while not {*types} <= {event.type for event in events}:
            events.append(await self.event())
        return events

    async def ended(self) -> None:
        with pytest.raises(StopAsyncIteration):
            await self.until("an event that never comes")


async def test_a_texts_events_carry_what_the_routes_answer(server: Server) -> None:
    world = server.world
    async with server.stream(world.daniel) as stream:
        await world.text(PARENT, "A text")
        events = {event.type: event for event in await stream.until("message", "conversation", "indicator")}

    async def answer(path: str) -> Any:
        response = await world.daniel.get(f"/api/v1{path}")
        assert response.status_code == 200, response.text
        return response.json()

    conversation_id = (await world.conversation(PARENT))["id"]
    (message,) = await world.thread(conversation_id)
    detail = await answer(f"/conversations/{conversation_id}")
    version = {"conversation_id": conversation_id, "version": detail["version"]}
    assert events["message"].data == {**version, "message_id": message["id"], "message": message}
    assert events["conversation"].data == {**version, "conversation": detail}
    assert events["indicator"].data == await answer("/indicator")


async def test_the_answer_is_a_stream_that_no_proxy_caches_or_buffers(server: Server) -> None:
    async with server.stream(server.world.daniel) as stream:
        headers = stream.response.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"


async def test_an_event_comes_only_after_its_change_can_be_read(server: Server) -> None:
    world = server.world
    async with server.stream(world.daniel) as stream:
        for n in range(1, 4):
            await world.text(PARENT, f"{n}")
            (event,) = [each for each in await stream.until("message") if each.type == "message"]
            answer = await world.daniel.get(f"/api/v1/messages/{event.data['message_id']}")
            assert answer.json()["seq"] == n == event.data["message"]["seq"]


async def test_staff_actions_are_announced_to_their_colleagues(server: Server) -> None:
    world = server.world
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    path = f"/api/v1/conversations/{conversation['id']}"
    async with server.stream(world.daniel) as stream:
        await world.view(conversation["id"], 1)
        await stream.until("conversation", "indicator")
        sent = await world.maria.post(f"{path}/messages", json={"body": "Yes"})
        events = await stream.until("message")
        assert events[-1].data["message_id"] == sent.json()["id"]
        assert events[-1].data["message"]["body"] == "Yes"
        await world.maria.post(f"{path}/close", json={"seen_seq": 2})
        await stream.until("conversation", "indicator")


async def test_a_change_of_consent_is_announced(server: Server) -> None:
    world = server.world
    async with server.stream(world.daniel) as stream:
        await world.text(PARENT, "STOP")
        events = await stream.until("opt_in")
        assert events[-1].data == {"phone_number": PARENT}


async def test_a_change_of_the_directory_is_announced(server: Server) -> None:
    world = server.world
    async with server.stream(world.daniel) as stream:
        made = await world.olga.post("/api/v1/classes", json={"name": "Level 3"})
        events = await stream.until("directory")
        assert events[-1].data == {}
        students = [{"name": "Mia", "classes": [{"id": made.json()["id"]}]}]
        await world.olga.post("/api/v1/families", json={"name": "Rivera", "contacts": [], "students": students})
        await stream.until("directory")


async def test_a_rolled_back_change_is_not_announced(server: Server) -> None:
    world = server.world
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    async with server.stream(world.daniel) as stream:
        await world.maria.post(f"/api/v1/conversations/{conversation['id']}/close", json={"seen_seq": 0})
        await world.text("+13125550102", "Next")
        first = await stream.event()
        assert first.data["conversation_id"] == (await world.conversation("+13125550102"))["id"]


async def test_PERM_TENANT_another_businesss_events_do_not_come(server: Server) -> None:
    world = server.world
    neighbour = await World.create(world.service)
    async with server.stream(neighbour.daniel) as theirs, server.stream(world.daniel) as ours:
        await world.text(PARENT, "Ours")
        await ours.until("message", "conversation", "indicator")
        await neighbour.text(PARENT, "Theirs")
        events = await theirs.until("message", "conversation", "indicator", "thread_entry")

    conversation = await neighbour.conversation(PARENT)
    named = {event.data["conversation_id"] for event in events if "conversation_id" in event.data}
    assert named == {conversation["id"]}
    assert sorted(each.type for each in events) == ["conversation", "indicator", "message", "thread_entry"]


async def test_PERM_VIEW_a_stream_needs_the_permission_to_see_conversations(server: Server) -> None:
    world = server.world
    for person, status in ((world.noah, 403), (world.grace, 403), (world.other_client(), 401)):
        async with server.client(person) as client:
            assert (await client.get(EVENTS)).status_code == status
    for person in (world.maria, world.admin, await world.api_key(Permission.SMS_LOGS)):
        async with server.stream(person):
            pass


async def test_PERM_NOW_a_stream_ends_within_five_seconds_of_its_permission(server: Server) -> None:
    """A permission is revoked, a session ends, a key is revoked. The fourth stream stays open."""
    world = server.world
    key = await world.api_key(Permission.SMS_LOGS)
    key_id = (await world.admin.get("/api/v1/api-keys")).json()["items"][0]["id"]
    async with (
        server.stream(world.daniel) as daniel,
        server.stream(world.maria) as maria,
        server.stream(key) as by_key,
        server.stream(world.admin) as admin,
    ):
        daniel_path = f"/api/v1/staff-members/{world.staff_ids['daniel']}"
        await world.admin.patch(daniel_path, json={"permissions": ["mass_text"]})
        await world.admin.delete(f"/api/v1/staff-members/{world.staff_ids['maria']}/sessions")
        await world.admin.delete(f"/api/v1/api-keys/{key_id}")

        assert hub_module.REAUTHORIZE_SECONDS < 5
        await asyncio.wait_for(asyncio.gather(daniel.ended(), maria.ended(), by_key.ended()), 8)

        await world.text(PARENT, "Hello?")
        await admin.until("message")


async def test_a_client_that_reconnects_gets_the_events_since(server: Server) -> None:
    world = server.world
    async with server.stream(world.daniel) as stream:
        await world.text(PARENT, "1")
        seen = (await stream.until("message", "conversation", "indicator"))[-1]
    await world.text(PARENT, "2")
    await world.text(PARENT, "3")

    async with server.stream(world.daniel, **{"Last-Event-ID": seen.id}) as stream:
        missed: list[int] = []
        while 3 not in missed:
            missed += seqs(await stream.until("message"))
        # A client that left in the middle of a burst gets its beginning again.
        assert [seq for seq in missed if seq > 1] == [2, 3]
        await world.text(PARENT, "4")
        assert seqs(await stream.until("message")) == [4]


async def test_only_events_of_the_own_organization_are_replayed(server: Server) -> None:
    world = server.world
    neighbour = await World.create(world.service)
    async with server.stream(world.daniel) as stream:
        await world.text(PARENT, "1")
        seen = (await stream.until("message", "conversation", "indicator"))[-1]
    await world.text(PARENT, "2")

    async with server.stream(neighbour.daniel, **{"Last-Event-ID": seen.id}) as stream:
        await neighbour.text(PARENT, "Theirs")
        conversation = (await neighbour.conversation(PARENT))["id"]
        events = await stream.until("message", "conversation", "indicator")
        assert {event.data.get("conversation_id", conversation) for event in events} == {conversation}


async def test_an_unknown_last_event_id_gets_a_resync(server: Server) -> None:
    for unknown in ("nonsense", "00000000-1", "", str(uuid4())):
        async with server.stream(server.world.daniel, **{"Last-Event-ID": unknown}) as stream:
            assert (unknown, (await stream.event()).type) == (unknown, "resync")


async def test_after_a_gap_every_stream_gets_a_resync(server: Server) -> None:
    world = server.world
    async with server.stream(world.daniel) as stream:
        await world.text(PARENT, "1")
        seen = (await stream.until("message", "conversation", "indicator", "thread_entry"))[-1]
        await world.rows(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
        assert (await stream.event()).type == "resync"
    await world.text(PARENT, "2")
    async with server.stream(world.daniel, **{"Last-Event-ID": seen.id}) as stream:
        assert seqs(await stream.until("message"))[-1] == 2


async def test_a_client_that_lags_too_far_behind_gets_a_resync(world: World) -> None:
    hub = world.service.state.hub
    principal = await _principal(world)
    slow, quick = hub.open(principal, last_event_id=None), hub.open(principal, last_event_id=None)
    seen: list[bytes] = []
    seen_all = asyncio.Event()

    def type_as(session: AsyncSession, name: str) -> None:
        announce(session, world.organization_id, TYPING, name=name)

    async def read_on() -> None:
        async for chunk in hub.body(quick):
            seen.append(chunk)
            if b'"name":"last"' in chunk:
                seen_all.set()

    reader = asyncio.create_task(read_on())
    for start in range(0, MAX_QUEUED + 60, 10):
        async with world.service.database.transaction() as session:
            for n in range(start, start + 10):
                type_as(session, f"{n}")
    async with world.service.database.transaction() as session:
        type_as(session, "last")
    await asyncio.wait_for(seen_all.wait(), PATIENCE_SECONDS)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)

    assert b"resync" not in b"".join(seen), "Who keeps up misses nothing."
    assert b"".join(seen).count(b"event: typing") == MAX_QUEUED + 61
    body = hub.body(slow)
    assert await anext(body) == b"retry: 1000\n: connected\n\n"
    late = await anext(body)
    await body.aclose()  # type: ignore[attr-defined]  # It is an async generator.
    assert late.index(b"event: resync") < late.index(b"event: typing")
    assert late.count(b"event: typing") < MAX_QUEUED
    assert b'"name":"last"' in late


async def _principal(world: World) -> Principal:
    token = world.daniel.cookies[SESSION_COOKIE]
    async with world.service.database.transaction() as session:
        principal = await principal_of_cookie(session, token, lifetime=timedelta(days=1), address="test")
    assert principal is not None
    return principal


@pytest.fixture
def impatient() -> Iterator[None]:
    """Keep-alives every 50 ms."""
    patch = pytest.MonkeyPatch()
    patch.setattr(hub_module, "KEEP_ALIVE_SECONDS", 0.05)
    yield
    patch.undo()


@pytest.mark.usefixtures("impatient")
async def test_a_silent_stream_sends_pings_without_an_id(server: Server) -> None:
    """A page cannot see comments, and must tell silence from a dead connection. No client resumes from a ping."""
    world = server.world
    async with server.stream(world.daniel) as stream:
        assert [await stream.block() for _ in range(3)] == ["event: ping\ndata: {}"] * 3
        await world.text(PARENT, "Hello?")
        assert {event.type for event in await stream.until("message")} <= EVENTS_OF_A_TEXT


async def test_a_stream_whose_client_left_is_discarded(server: Server) -> None:
    hub = server.world.service.state.hub
    async with server.stream(server.world.daniel):
        assert hub.open_streams == 1
    async with asyncio.timeout(PATIENCE_SECONDS):
        while hub.open_streams:
            await server.world.text(PARENT, "Anybody?")
    assert hub.open_streams == 0


async def test_no_database_connection_is_held_while_streams_are_open(server: Server) -> None:
    world = server.world
    pool = world.service.database.engine.pool
    async with contextlib.AsyncExitStack() as stack:
        for person in (world.daniel, world.maria):
            for _ in range(world.service.settings.database_pool_size):
                await stack.enter_async_context(server.stream(person))
        # Background work may hold one at this moment.
        assert pool.checkedout() <= 2  # type: ignore[attr-defined]  # A QueuePool.
        assert (await world.daniel.get("/api/v1/conversations")).status_code == 200


async def test_NOTE_a_mention_reaches_the_persons_own_streams_alone(server: Server) -> None:
    world = server.world
    await world.text(PARENT, "Hello?")
    conversation_id = (await world.conversation(PARENT))["id"]
    path = f"/api/v1/conversations/{conversation_id}/notes"
    async with server.stream(world.daniel) as mentioned, server.stream(world.admin) as colleague:
        first = await world.maria.post(path, json={"body": "@Daniel", "mentions": [str(world.staff_ids["daniel"])]})
        await world.maria.post(path, json={"body": "Nobody"})

        seen = [await mentioned.event() for _ in range(3)]
        others = [await colleague.event() for _ in range(2)]

    entry = {"conversation_id": conversation_id, "kind": "note", "entry_id": first.json()["id"]}
    assert {each.type for each in seen} == {"mention", "thread_entry"}
    (mention,) = [each for each in seen if each.type == "mention"]
    assert mention.data == {"conversation_id": conversation_id, "note_id": first.json()["id"]}
    assert [each.type for each in others] == ["thread_entry", "thread_entry"]
    assert {name: others[0].data[name] for name in entry} == entry
    thread = (await world.admin.get(f"/api/v1/conversations/{conversation_id}/thread")).json()["items"]
    assert [each.data["entry"] for each in others] == [each for each in thread if each["kind"] == "note"]
    async with server.stream(world.admin, **{"Last-Event-ID": others[0].id}) as resumed:
        assert (await resumed.event()).type == "thread_entry"


async def test_TYPING_colleagues_of_the_business_see_who_is_writing_and_not_what(server: Server) -> None:
    world = server.world
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    neighbour = await World.create(world.service)
    async with server.stream(world.daniel) as stream, server.stream(neighbour.daniel) as elsewhere:
        for _ in range(3):
            await world.maria.post(f"/api/v1/conversations/{conversation['id']}/typing")
        await world.text(PARENT, "Anybody?")
        await neighbour.text(PARENT, "Hello?")
        seen = [event for event in await stream.until("message") if event.type == "typing"]
        theirs = [event.type for event in await elsewhere.until("message")]

    (event,) = seen
    assert set(event.data) == {"conversation_id", "staff_member_id", "name", "until"}
    assert event.data["staff_member_id"] == str(world.staff_ids["maria"])
    assert "typing" not in theirs
