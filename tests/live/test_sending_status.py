"""Whether texts are leaving: a worker's heartbeat comes from its outbox loop; those who can send see when it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import httpx
import pytest

from api.delivery import heartbeat
from api.delivery.rules import HEARTBEAT_FRESH_FOR, texts_are_leaving
from api.kit.connection import plain_url
from api.live.bus import PostgresBus
from api.worker import Worker
from tests.live.test_events import Server, server
from tests.support.stack import eventually
from tests.support.world import World

__all__ = ["server"]

STATUS = "/api/v1/sending-status"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.05)


@pytest.mark.parametrize(
    ("age", "leaving"),
    [
        (None, False),
        (timedelta(0), True),
        (timedelta(seconds=-5), True),
        (HEARTBEAT_FRESH_FOR, True),
        (HEARTBEAT_FRESH_FOR + timedelta(milliseconds=1), False),
        (timedelta(days=3), False),
    ],
)
def test_texts_are_leaving_while_a_heartbeat_is_fresh(age: timedelta | None, leaving: bool) -> None:
    assert texts_are_leaving(age) is leaving


async def beat_was(world: World, age: timedelta) -> None:
    await world.rows(
        "INSERT INTO worker_heartbeats (id, beat_at)"
        " VALUES (gen_random_uuid(), now() - CAST(:age AS interval)) RETURNING id",
        age=age,
    )


async def test_PERM_SEND_who_can_send_is_told_whether_texts_leave_and_since_when_not(world: World) -> None:
    assert (await world.maria.get(STATUS)).json() == {"texts_are_leaving": False, "since": None, "held": False}

    await beat_was(world, timedelta(minutes=3))
    await beat_was(world, timedelta(minutes=2))
    ((last,),) = await world.rows("SELECT max(beat_at) FROM worker_heartbeats")
    status = (await world.maria.get(STATUS)).json()
    assert (status["texts_are_leaving"], datetime.fromisoformat(status["since"])) == (False, last)

    await beat_was(world, timedelta(seconds=1))
    assert (await world.maria.get(STATUS)).json() == {"texts_are_leaving": True, "since": None, "held": False}
    refused = [(await person.get(STATUS)).status_code for person in (world.daniel, world.grace, world.noah)]
    assert refused == [403, 403, 403]


async def test_streams_of_those_who_can_send_hear_when_texts_stop_and_begin_to_leave(server: Server) -> None:
    world = server.world
    async with server.stream(world.maria) as maria, server.stream(world.daniel) as daniel:
        # Each change is received before the next one is made.
        for age, leaving in ((timedelta(0), True), (timedelta(seconds=31), False), (timedelta(0), True)):
            await beat_is(world, age)
            (event,) = [each for each in await maria.until("sending_status") if each.type == "sending_status"]
            assert event.data == {}
            assert await says(world.maria, leaving=leaving)

        await world.text("+13125550101", "hello")
        heard = [each.type for each in await daniel.until("message")]
        assert "sending_status" not in heard, "She cannot send."


async def beat_is(world: World, age: timedelta) -> None:
    """Replaces the only heartbeat in one statement, so that no state in between is seen."""
    await world.rows(
        "INSERT INTO worker_heartbeats (id, beat_at) VALUES (:id, now() - CAST(:age AS interval))"
        " ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at RETURNING id",
        id=world.organization_id,
        age=age,
    )


async def says(person: httpx.AsyncClient, *, leaving: bool) -> bool:
    return bool((await person.get(STATUS)).json()["texts_are_leaving"] is leaving)


@asynccontextmanager
async def a_worker(world: World) -> AsyncIterator[Worker]:
    service = world.service
    bus = PostgresBus(service.urls.url)
    worker = Worker(
        database=service.database,
        bus=bus,
        providers=service.providers,
        secrets=service.secret_box,
        settings=service.settings,
    )
    await bus.start()
    worker.start()
    yield worker
    await worker.stop()
    await bus.stop()


async def test_a_worker_whose_outbox_loop_is_blocked_has_no_heartbeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.delivery.loop.POLL_SECONDS", 0.05)
    await world.rows(
        "INSERT INTO worker_heartbeats (id, beat_at) VALUES (gen_random_uuid(), now() - interval '2 days') RETURNING id"
    )

    async def last_beat() -> datetime | None:
        ((last,),) = await world.rows(
            "SELECT max(beat_at) FROM worker_heartbeats WHERE beat_at > now() - interval '1 hour'"
        )
        return last if isinstance(last, datetime) else None

    async def beats_after(moment: datetime | None) -> bool:
        last = await last_beat()
        return last is not None and (moment is None or last > moment)

    owner = await asyncpg.connect(plain_url(world.service.urls.owner_url))
    async with a_worker(world) as worker:
        await eventually(lambda: beats_after(None), "it beats")
        first = await last_beat()
        await eventually(lambda: beats_after(first), "it beats again")
        assert len(await world.rows("SELECT id FROM worker_heartbeats")) == 1, "What is long stale is gone."
        async with owner.transaction():
            # The loop is blocked on a lock; the rest of the process is not.
            await owner.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(0.3)
            stopped_at = await last_beat()
            await asyncio.sleep(0.5)
            assert await last_beat() == stopped_at
            monkeypatch.setattr("api.delivery.loop.STUCK_SECONDS", 0.2)
            assert not worker.is_turning
        await eventually(lambda: beats_after(stopped_at), "it beats again once it turns")
        await eventually(lambda: turns(worker), "it is healthy again")
    await owner.close()


async def turns(worker: Worker) -> bool:
    return worker.is_turning


async def test_the_heartbeats_age_is_a_metric(world: World) -> None:
    async def age() -> float:
        metrics = (await world.other_client().get("/metrics")).text
        (line,) = [each for each in metrics.splitlines() if each.startswith("messenger_worker_heartbeat_age_seconds")]
        return float(line.split()[1])

    assert await age() == float("inf")
    await beat_was(world, timedelta(minutes=2))
    assert 120 <= await age() < 180
