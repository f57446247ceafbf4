"""HOOK: a stream goes on from the event log, in whichever process it comes back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from api.events.rules import distinct
from api.live import hub as hub_module
from api.live.service import announce_mention, announce_phone_number
from tests.conftest import BusinessTemplate
from tests.live.test_events import EVENTS, PARENT, Server, seqs, server
from tests.support.postgres import Database as Clone
from tests.support.server import serving
from tests.support.service import Service, service_settings
from tests.support.world import World

__all__ = ["server"]

JSON = {"Accept": "application/json"}


async def last_id(world: World) -> str:
    """The id of the last event that can be listed."""
    answer = await world.maria.get(EVENTS, params={"after": "latest"}, headers=JSON)
    found: str = answer.json()["items"][0]["id"]
    return found


def after(event_id: str) -> dict[str, str]:
    return {"Last-Event-ID": event_id}


@asynccontextmanager
async def another_process(clone: Clone, template: BusinessTemplate, folder: Any) -> AsyncIterator[Server]:
    """A service of its own over the same database, as after a restart or beside the first."""
    async with Service.running(service_settings(folder), clone) as service:
        world = World.of(service, template.business)
        async with serving(world) as url:
            yield Server(url, world)


async def test_HOOK_a_stream_goes_on_in_another_process(
    server: Server, clone: Clone, business_template: BusinessTemplate, tmp_path: Any
) -> None:
    world = server.world
    async with server.stream(world.daniel) as stream:
        await world.text(PARENT, "1")
        seen = (await stream.until("message", "conversation", "indicator"))[-1]
    await world.text(PARENT, "2")
    async with (
        another_process(clone, business_template, tmp_path) as other,
        other.stream(world.daniel, **after(seen.id)) as stream,
    ):
        events = await stream.until("message", "conversation", "indicator", "thread_entry")
        assert seqs(events)[-1] == 2
        assert "resync" not in {event.type for event in events}
        await world.text(PARENT, "3")
        assert seqs(await stream.until("message"))[-1] == 3


async def test_HOOK_a_stream_starts_after_an_event_of_its_address(server: Server) -> None:
    world = server.world
    await world.text(PARENT, "1")
    listed = await last_id(world)
    await world.text(PARENT, "2")

    async with server.stream(world.daniel, address=f"{EVENTS}?after={listed}", Accept="text/event-stream") as stream:
        events = await stream.until("message")
        while seqs(events)[-1] != 2:
            events += await stream.until("message")
    assert "resync" not in {event.type for event in events}


async def test_HOOK_the_log_and_the_stream_have_the_same_ids(server: Server) -> None:
    world = server.world
    await world.text(PARENT, "1")
    listed = await last_id(world)
    await world.text(PARENT, "2")
    async with server.stream(world.daniel, **after(listed)) as stream:
        events = await stream.until("message")
        while seqs(events)[-1] != 2:
            events += await stream.until("message")
        first, *_ = events
    later = await world.maria.get(EVENTS, params={"after": first.id}, headers=JSON)
    assert later.status_code == 200, later.text


async def test_HOOK_whoever_breaks_off_at_any_event_misses_nothing(server: Server) -> None:
    world = server.world
    wanted = [(sender, number) for sender in range(4) for number in range(1, 9)]
    senders = [f"+1312555010{n}" for n in range(4)]
    seen: set[tuple[str, int]] = set()
    last: dict[str, str] = {}

    async def write() -> None:
        for sender, number in wanted:
            await world.text(senders[sender], f"{number}")

    async def follow(count: int) -> None:
        """Read some events, then break off. The first of a burst have the id before the burst."""
        async with server.stream(world.daniel, **last) as stream:
            with contextlib.suppress(TimeoutError):
                for _ in range(count):
                    event = await asyncio.wait_for(stream.event(), 2)
                    assert event.type != "resync"
                    last.update(after(event.id))
                    if event.type == "message":
                        seen.add((event.data["conversation_id"], event.data["message"]["seq"]))

    async with server.stream(world.daniel) as stream:
        await world.text("+13125550199", "The first")
        last.update(after((await stream.event()).id))
    writing = asyncio.create_task(write())
    count = 0
    async with asyncio.timeout(90):
        while not writing.done() or len(seen) < len(wanted) + 1:
            count += 5
            await follow(count)
    await writing


async def test_a_stream_that_has_missed_too_much_or_too_long_loads_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = server.world
    await world.text(PARENT, "1")
    listed = await last_id(world)
    for number in range(2, 5):
        await world.text(PARENT, f"{number}")
    with monkeypatch.context() as patch:
        patch.setattr(hub_module, "MAX_MISSED", 2)
        async with server.stream(world.daniel, **after(listed)) as stream:
            first = await stream.event()
        assert first.type == "resync"
    await world.rows("UPDATE events SET created_at = created_at - interval '25 hours' WHERE true RETURNING id")
    await world.text(PARENT, "5")
    async with server.stream(world.daniel, **after(listed)) as stream:
        assert (await stream.event()).type == "resync"
    # The `resync` has the id from which to go on.
    async with server.stream(world.daniel, **after(first.id)) as stream:
        assert (await stream.event()).type == "resync"


async def test_what_concerns_one_person_is_told_again_to_that_person(server: Server) -> None:
    world = server.world
    await world.text(PARENT, "1")
    listed = await last_id(world)
    async with world.service.database.transaction() as session:
        announce_mention(session, world.organization_id, world.staff_ids["maria"])
        announce_phone_number(session, world.organization_id, PARENT)
    async with AsyncExitStack() as stack:
        maria, daniel = [
            await stack.enter_async_context(server.stream(person, **after(listed)))
            for person in (world.maria, world.daniel)
        ]
        told = {event.type: event.data for event in await maria.until("opt_in", "mention", "sending_status")}
        assert told["opt_in"] == {"phone_number": None}
        await world.text(PARENT, "2")
        assert "mention" not in {event.type for event in await daniel.until("message")}


def test_changes_are_kept_once_and_not_too_many() -> None:
    indicator = {"type": "indicator"}
    row = {"type": "conversation", "conversation_id": "1"}
    assert distinct([indicator, row, indicator]) == [row, indicator]
    assert distinct([row, {"type": "resync"}]) == [{"type": "resync"}]
    many = [{"type": "message", "message_id": str(number)} for number in range(501)]
    assert distinct(many[:500]) == many[:500]
    assert distinct(many) == [{"type": "resync"}]
