"""R2: workers die at every step between claim and settle, while the carrier misbehaves, and nothing is sent twice.

The carrier takes texts and breaks off, or answers late, or never; it answers 429 and 5xx; it loses half of its status
callbacks, so that half of what is unknown has to be asked about.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from api.kit.crash_points import CrashPoint
from tests.support import postgres
from tests.support.reliability import FULL, Progress, figure, seed, size
from tests.support.stack import Stack, eventually

pytestmark = [pytest.mark.reliability, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(3600)]

UNLIMITED = {"requests_per_minute_per_person": "0"}
MESSAGES = size(quick=90, full=5_000)
ROUNDS = size(quick=1, full=6)
PARENTS = [f"+1313555{index:04}" for index in range(size(quick=15, full=250))]
AT_ONCE = 8
LONGEST_LIFE_SECONDS = 30.0
MOST_PASSES = size(quick=1, full=3)
"""A worker dies when it passes its point for the first time, or, of a long run, at most for the third."""

BETWEEN_CLAIM_AND_SETTLE = [
    CrashPoint.CLAIM_BEFORE_COMMIT,
    CrashPoint.CLAIM_COMMITTED,
    CrashPoint.POST_WRITTEN,
    CrashPoint.POST_ANSWERED,
    CrashPoint.SETTLE_BEFORE_COMMIT,
    CrashPoint.SETTLE_COMMITTED,
]
POINTS = list(CrashPoint) if FULL else BETWEEN_CLAIM_AND_SETTLE

FAULTS = [
    {"where": "send", "kind": "status_429", "probability": 0.1, "retry_after": 1},
    {"where": "send", "kind": "status_5xx", "probability": 0.05},
    {"where": "send", "kind": "status_5xx", "probability": 0.05, "accepted": True},
    {"where": "send", "kind": "accept_then_disconnect", "probability": 0.1},
    {"where": "send", "kind": "drop", "probability": 0.05},
    {"where": "send", "kind": "hang", "probability": 0.02},
    {"where": "send", "kind": "hang", "probability": 0.05, "accepted": True},
    {"where": "send", "kind": "delay", "probability": 0.05, "seconds": 3, "accepted": True},
    {"where": "list", "kind": "status_5xx", "probability": 0.2},
]
LOST_CALLBACKS = {"where": "status", "kind": "drop", "probability": 0.5}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    clone = postgres.clone_database(template)
    async with Stack.running(clone, tmp_path_factory.mktemp("stack"), send_lease_seconds="2", **UNLIMITED) as running:
        yield running
        # A text that hangs would hold up the worker's stopping.
        running.kill("worker")
    postgres.drop_database(clone)


@dataclass
class Outgoing:
    """What Maria sends, and what becomes of it."""

    stack: Stack
    maria: httpx.AsyncClient
    conversation_ids: Sequence[str]
    bodies: list[str] = field(default_factory=list)

    async def queue(self, count: int) -> None:
        one_at_a_time = asyncio.Semaphore(AT_ONCE)

        async def send(number: int) -> None:
            conversation_id = self.conversation_ids[number % len(self.conversation_ids)]
            async with one_at_a_time:
                path = f"/api/v1/conversations/{conversation_id}/messages"
                response = await self.maria.post(path, json={"body": f"answer {number}"})
            assert response.status_code == 201, response.text

        first = len(self.bodies)
        numbers = range(first, min(first + count, MESSAGES))
        await asyncio.gather(*(send(number) for number in numbers))
        self.bodies += [f"answer {number}" for number in numbers]

    async def statuses(self) -> dict[str, tuple[str, str | None]]:
        """Each body's status, and its error."""
        async with self.stack.database.transaction() as session:
            rows = await session.execute(
                text("SELECT body, status, error_title FROM messages WHERE direction = 'outbound'")
            )
            return {row.body: (row.status, row.error_title) for row in rows}

    async def handed_over(self) -> Counter[str]:
        found = (await self.stack.carrier.get("/control/messages?direction=outbound-api&limit=100000")).json()["items"]
        return Counter(each["body"] for each in found)

    async def was_unknown(self) -> set[str]:
        """Bodies whose outcome was unknown at some time."""
        statement = (
            "SELECT DISTINCT m.body FROM messages m JOIN message_events e ON e.message_id = m.id"
            " WHERE e.status = 'unknown'"
        )
        async with self.stack.database.transaction() as session:
            return set((await session.scalars(text(statement))).all())

    async def has_ended(self) -> bool:
        """Nothing waits, what is unknown has been asked about, and what the carrier has is known to be sent."""
        statement = text(
            "SELECT count(*) FILTER (WHERE state <> 'unknown'), count(*) FILTER (WHERE attempts = 0) FROM outbox"
        )
        async with self.stack.database.transaction() as session:
            waiting, never_asked = (await session.execute(statement)).one()
            if not waiting:
                # Without the wait between questions, which is minutes; who has waited longest is still asked first.
                await session.execute(text("UPDATE outbox SET due_at = now() WHERE due_at > now()"))
        known = await self.handed_over()
        statuses = await self.statuses()
        return not waiting and not never_asked and all(statuses[body][0] in {"sent", "delivered"} for body in known)


async def test_SEND_NEVER_TWICE_whatever_dies_and_whatever_the_carrier_does(stack: Stack) -> None:
    chosen = seed()
    dice = random.Random(chosen)
    stack.kill("worker")
    async with stack.staff("maria") as maria:
        outgoing = Outgoing(stack, maria, await conversations(stack, maria))
        await stack.faults(*FAULTS, LOST_CALLBACKS)
        kills = await die_at_every_step(outgoing, dice)
        await stack.faults(LOST_CALLBACKS)
        stack.start("worker")
        await eventually(outgoing.has_ended, f"every message has ended (seed {chosen})", seconds=600)

        known, statuses, was_unknown = (
            await outgoing.handed_over(),
            await outgoing.statuses(),
            await outgoing.was_unknown(),
        )
    context = f"seed {chosen}"
    assert await stack.handed_over_twice() == [], context
    assert set(statuses) == set(outgoing.bodies), context
    for body, (status, error) in statuses.items():
        assert known[body] <= 1, f"{body}, {context}"
        expected = {"sent", "delivered"} if known[body] else {"failed", "unknown"}
        assert status in expected, f"{body}: {status}, {context}"
        assert status != "failed" or error, f"{body} failed without a reason, {context}"
    for point in BETWEEN_CLAIM_AND_SETTLE:
        assert kills[point] > 0, f"{point}, {context}"
    # A carrier that behaves would prove nothing.
    reconciled = {body for body in was_unknown if known[body]}
    assert reconciled, context
    figure(
        "R2",
        messages=len(statuses),
        twice=0,
        **Counter(status for status, _ in statuses.values()),
        reconciled=len(reconciled),
        kills=sum(kills.values()),
        seed=chosen,
    )


async def conversations(stack: Stack, maria: httpx.AsyncClient) -> list[str]:
    """Everybody has asked something; the conversations' ids."""
    for start in range(0, len(PARENTS), AT_ONCE):
        await asyncio.gather(*(stack.handset_texts(parent, "Hello?") for parent in PARENTS[start : start + AT_ONCE]))
    statement = text("SELECT id FROM conversations")

    async def found() -> list[str]:
        async with stack.database.transaction() as session:
            return [str(each) for each in (await session.scalars(statement)).all()]

    async def everybody() -> bool:
        return len(await found()) == len(PARENTS)

    await eventually(everybody, "every parent has asked")
    return await found()


async def die_at_every_step(outgoing: Outgoing, dice: random.Random) -> Counter[CrashPoint]:
    """Worker after worker dies, each at its point, while more and more is to be sent. Where each died."""
    kills: Counter[CrashPoint] = Counter()
    lives = [point for _ in range(ROUNDS) for point in dice.sample(POINTS, len(POINTS))]
    progress = Progress("R2", total=len(lives))
    share = -(-MESSAGES // len(lives))
    for number, point in enumerate(lives):
        await outgoing.queue(share)
        nth = dice.randint(1, share // 3) if point.startswith("post.") else dice.randint(1, MOST_PASSES)
        outgoing.stack.start("worker", MESSENGER_CRASH_AT=f"{point}:{nth}")
        try:
            died = await asyncio.wait_for(outgoing.stack.died("worker"), timeout=LONGEST_LIFE_SECONDS)
        except TimeoutError:
            # It has not come to its point so often: nothing was due there. It dies wherever it is.
            outgoing.stack.kill("worker")
        else:
            assert died == -signal.SIGKILL
            kills[point] += 1
        progress.at(number + 1, f"{sum(kills.values())} died at their point")
    await outgoing.queue(MESSAGES)
    return kills
