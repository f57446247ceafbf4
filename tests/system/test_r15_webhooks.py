"""R15: a receiver of events that is down, slow, wrong and killed, while workers are killed.

Each event arrives at least once, signed, in order per conversation, and none is lost.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from api.events.rules import NewEvent
from api.events.service import record_event
from tests.support.reliability import Progress, figure, seed, size
from tests.support.stack import Stack, eventually
from tests.support.webhooks import DROP, HANG, OK, SLOW, Received, Receiver, answer, finished, opened, receiver

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(3600), pytest.mark.reliability]

EVENTS = size(quick=150, full=5_000)
CONVERSATIONS = size(quick=10, full=100)
KILL_EVERY_SECONDS = size(quick=2, full=3)
WORKERS = ("worker", "another worker")

WRONG = (answer(500, "It broke"), answer(302, location="http://127.0.0.1/"), answer(404), b"garbage", DROP, SLOW)
HANGS = size(quick=1, full=20)

SOONER = text(
    "UPDATE webhook_deliveries SET due_at = now() WHERE state = 'pending' AND due_at > now()"
    " AND (lease_token IS NULL OR due_at < now() + interval '27 seconds')"
)
"""Retries are due at once, and a lease lasts three seconds: hours of retries take a minute."""


@dataclass
class Unreliable:
    """How the receiver behaves, by chance, until `recovers`. It verifies the signature of each request."""

    dice: random.Random
    secret: str = ""
    recovers: bool = False
    hangs: int = HANGS
    refused: int = 0
    order: list[str] = field(default_factory=list)
    """Ids of events in the order in which they were first taken."""

    def __call__(self, request: Received) -> bytes:
        request.verify(self.secret)
        if self.recovers or self.dice.random() < 0.6:
            answered = OK
        elif self.hangs > 0 and self.dice.random() < 0.05:
            self.hangs -= 1
            answered = HANG
        else:
            answered = self.dice.choice(WRONG)
        if answered in (OK, SLOW):
            if request.id not in self.order:
                self.order.append(request.id)
        else:
            self.refused += 1
        return answered


async def test_R15_HOOK_every_event_arrives_in_order_whatever_is_killed(stack: Stack) -> None:
    chosen = seed()
    behaviour = Unreliable(random.Random(chosen))
    stack.start("another worker")
    async with receiver(behaviour) as them, stack.staff("admin") as admin:
        made = await admin.post("/api/v1/webhook-endpoints", json={"url": them.url})
        assert made.status_code == 201, made.text
        behaviour.secret = made.json()["secret"]
        endpoint = f"/api/v1/webhook-endpoints/{made.json()['id']}"
        start = await last_position(stack)
        async with killed(stack, them) as kills:
            await happen(stack, random.Random(chosen))
            await eventually(lambda: taken(behaviour, EVENTS // 2), f"half are taken (seed {chosen})", seconds=900)
        behaviour.recovers = True

        async def all_delivered() -> bool:
            await sooner(stack)
            return await count(stack, "state = 'delivered'") >= EVENTS

        await eventually(all_delivered, f"all are delivered (seed {chosen})", seconds=600)
        after = (await admin.get(endpoint)).json()
        assert (after["enabled"], after["failing_since"], after["pending_deliveries"]) == (True, None, 0)

    expected = await log_after(stack, start)
    by_id = {str(row.id): row for row in expected}
    assert len(expected) == EVENTS
    lost = set(by_id) - {each.id for each in them.taken}
    assert not lost, f"{len(lost)} were never taken (seed {chosen})"
    for key in {row.conversation_id for row in expected}:
        got = [each for each in behaviour.order if by_id[each].conversation_id == key]
        assert got == [str(row.id) for row in expected if row.conversation_id == key], f"order (seed {chosen})"
    assert behaviour.refused > 0
    assert kills["worker"] > 0
    assert kills["receiver"] > 0
    repeated = len(them.taken) - EVENTS
    figure("R15", events=EVENTS, lost=0, repeated=repeated, refused=behaviour.refused, seed=chosen, **kills)


@asynccontextmanager
async def killed(stack: Stack, them: Receiver) -> AsyncIterator[dict[str, int]]:
    """A worker or the receiver dies every few seconds and starts again. Yields how often each did."""
    kills = {"worker": 0, "receiver": 0}
    ends = asyncio.Event()

    async def kill() -> None:
        turn = 0
        while not ends.is_set():
            for _ in range(KILL_EVERY_SECONDS * 5):
                await sooner(stack)
                await asyncio.sleep(0.2)
            turn += 1
            if turn % 2:
                name = WORKERS[turn // 2 % 2]
                await asyncio.to_thread(stack.kill, name)
                stack.start(name)
                kills["worker"] += 1
            else:
                await them.stop()
                await asyncio.sleep(0.5)
                await them.start()
                kills["receiver"] += 1

    task = asyncio.create_task(kill())
    try:
        yield kills
        await eventually(lambda: each_died(kills), "a worker and the receiver were killed")
    finally:
        ends.set()
        await task


async def happen(stack: Stack, dice: random.Random) -> None:
    """Events of conversations and without one, several in some of the transactions."""
    conversations: list[UUID | None] = [None, *(uuid4() for _ in range(CONVERSATIONS))]
    progress = Progress("R15 events", total=EVENTS)
    written = 0
    while written < EVENTS:
        count = min(dice.randint(1, 4), EVENTS - written)
        async with stack.database.transaction() as session:
            for _ in range(count):
                record_event(session, stack.business.organization_id, event_of(dice.choice(conversations)))
        written += count
        progress.at(written)


def event_of(conversation_id: UUID | None) -> NewEvent:
    return finished(uuid4()) if conversation_id is None else opened(conversation_id)


async def each_died(kills: dict[str, int]) -> bool:
    return min(kills.values()) > 0


async def taken(behaviour: Unreliable, at_least: int) -> bool:
    return len(behaviour.order) >= at_least


async def sooner(stack: Stack) -> None:
    async with stack.database.transaction() as session:
        await session.execute(SOONER)


async def count(stack: Stack, condition: str) -> int:
    async with stack.database.transaction() as session:
        found: int = (
            await session.execute(text(f"SELECT count(*) FROM webhook_deliveries WHERE {condition}"))
        ).scalar_one()
    return found


async def last_position(stack: Stack) -> int:
    async with stack.database.transaction() as session:
        return await session.scalar(text("SELECT max(position) FROM events")) or 0


async def log_after(stack: Stack, position: int) -> list[Any]:
    """The events of the test in the order of the log."""
    statement = text("SELECT id, conversation_id FROM events WHERE position > :position ORDER BY position")
    async with stack.database.transaction() as session:
        return list((await session.execute(statement, {"position": position})).all())
