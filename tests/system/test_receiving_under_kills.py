"""R1: a carrier's webhooks, repeated and shuffled, while API, worker and PostgreSQL are killed at random.

Every message arrives exactly once, in a consistent status, and none is lost.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.audit import service as audit
from api.kit.database import Database
from tests.support.own_server import OwnServer, own_server
from tests.support.reliability import FULL, Progress, figure, seed, size
from tests.support.stack import UNTIL_ANSWERED, Stack, eventually

TEXTS = size(quick=240, full=10_000)
FAMILIES = size(quick=24, full=400)
AT_ONCE = 16
KILL_EVERY_SECONDS = 1.0
VICTIMS = ("api", "worker", "postgresql")


def parent(number: int) -> str:
    return f"+1312{5560000 + number:07}"


@dataclass(frozen=True)
class Carrier:
    """How a carrier repeats what was not answered."""

    name: str
    arguments: tuple[str, ...]
    settings: dict[str, str]


CARRIERS = [Carrier("repeats until answered", UNTIL_ANSWERED, {})]
if FULL:
    # Twilio repeats once, and only where it could not connect. The rest is found by comparing with its list, which
    # waits two minutes for a webhook that is late: too long for every run of the tests.
    CARRIERS.append(Carrier("as Twilio", (), {"watch_lines_seconds": "5"}))


@pytest.mark.reliability
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier.name.replace(" ", "_"))
def test_R1_RECV_ONCE_RECV_NOTHING_LOST_every_text_arrives_exactly_once_whatever_is_killed(
    carrier: Carrier, tmp_path: Path
) -> None:
    with own_server(tmp_path / "database") as server:
        asyncio.run(drive(server, tmp_path, carrier))


@dataclass
class Killer:
    """One of the three dies every second and is started again. Each dies once before chance decides."""

    stack: Stack
    server: OwnServer
    dice: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    everybody_died: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        ends = asyncio.Event()
        task = asyncio.create_task(self._kill(ends))
        try:
            yield
        finally:
            # Whoever has been killed is started again first.
            ends.set()
            await task

    async def _kill(self, ends: asyncio.Event) -> None:
        spared = list(VICTIMS)
        self.dice.shuffle(spared)
        while not await is_set_within(ends, KILL_EVERY_SECONDS):
            victim = spared.pop() if spared else self.dice.choice(VICTIMS)
            if victim == "postgresql":
                await asyncio.to_thread(self.server.kill)
            else:
                await asyncio.to_thread(self.stack.kill, victim)
                self.stack.start(victim)
            self.kills[victim] += 1
            if not spared:
                self.everybody_died.set()


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


async def drive(server: OwnServer, folder: Path, carrier: Carrier) -> None:
    chosen = seed()
    dice = random.Random(chosen)
    said = [(parent(number % FAMILIES), f"text {number}") for number in range(TEXTS)]
    dice.shuffle(said)
    async with Stack.running(server.database, folder, carrier=carrier.arguments, **carrier.settings) as stack:
        killer = Killer(stack, server, dice)
        await stack.faults(
            {"where": "inbound", "kind": "duplicate", "probability": 0.05},
            {"where": "inbound", "kind": "reorder", "probability": 0.05, "seconds": 0.5},
        )
        async with killer.at_work():
            await say_all(stack, said, killer)
            # The carrier still repeats what nobody has answered: the killing goes on until it has got rid of half.
            await eventually(lambda: backlog_below(stack, TEXTS // 2), "the carrier gets rid of half", seconds=600)
        await stack.ready()
        database = Database(server.database.url, pool_size=2)
        try:
            await eventually(
                lambda: everything_applied(database, stack, len(said)), f"all texts (seed {chosen})", seconds=900
            )
            await check(database, stack, said, f"seed {chosen}")
            fetched = await fetched_from_the_list(database)
        finally:
            await database.close()
    killed = {f"{name}_killed": count for name, count in killer.kills.items()}
    name = carrier.name.replace(" ", "_")
    figure("R1", carrier=name, texts=TEXTS, lost=0, twice=0, fetched_from_the_list=fetched, **killed, seed=chosen)


async def say_all(stack: Stack, said: list[tuple[str, str]], killer: Killer) -> None:
    """The parents text, several at once; the second half not before each of the victims has died."""
    progress = Progress("R1 texted", total=len(said))
    for start in range(0, len(said), AT_ONCE):
        batch = said[start : start + AT_ONCE]
        if start >= len(said) // 2:
            await killer.everybody_died.wait()
        await asyncio.gather(*(stack.handset_texts(number, body) for number, body in batch))
        progress.at(start + len(batch), f"killed {dict(killer.kills)}")


async def backlog_below(stack: Stack, limit: int) -> bool:
    counts = (await stack.carrier.get("/control/webhooks")).json()
    return bool(counts["pending"] <= limit)


async def everything_applied(database: Database, stack: Stack, expected: int) -> bool:
    try:
        async with database.transaction() as session:
            waiting = (
                await session.execute(text("SELECT count(*) FROM inbound_events WHERE state = 'pending'"))
            ).scalar_one()
            arrived = (await session.execute(text("SELECT count(*) FROM messages"))).scalar_one()
    except (SQLAlchemyError, OSError):
        return False
    return bool(arrived >= expected and waiting == 0 and await backlog_below(stack, 0))


async def fetched_from_the_list(database: Database) -> int:
    """How many texts no webhook brought."""
    async with database.transaction() as session:
        found = await session.execute(text("SELECT count(*) FROM inbound_events WHERE source = 'reconciliation'"))
        count: int = found.scalar_one()
    return count


async def check(database: Database, stack: Stack, said: list[tuple[str, str]], context: str) -> None:
    async with database.transaction() as session:
        rows = (
            await session.execute(
                text(
                    "SELECT number.number, message.body, message.seq, conversation.id, conversation.status,"
                    " conversation.last_seq, conversation.seen_seq, conversation.unread_messages"
                    " FROM messages AS message"
                    " JOIN conversations AS conversation ON conversation.id = message.conversation_id"
                    " JOIN phone_numbers AS number ON number.id = conversation.phone_number_id"
                    " ORDER BY message.conversation_id, message.seq"
                )
            )
        ).all()
        proved = await audit.verify(session, stack.business.organization_id)
        trail = Counter(
            (await session.scalars(text("SELECT action FROM audit_entries WHERE conversation_id IS NOT NULL"))).all()
        )
        quarantined = (
            await session.execute(text("SELECT count(*) FROM inbound_events WHERE state = 'quarantined'"))
        ).scalar_one()
    assert Counter((row.number, row.body) for row in rows) == Counter(said), context
    assert quarantined == 0, context
    by_conversation: dict[str, list[int]] = {}
    for row in rows:
        by_conversation.setdefault(row.id, []).append(row.seq)
        assert (row.status, row.seen_seq) == ("unread", 0), context
        assert row.last_seq == row.unread_messages, context
    assert len(by_conversation) == FAMILIES, context
    for conversation_id, numbers in by_conversation.items():
        assert numbers == list(range(1, len(numbers) + 1)), f"{conversation_id}, {context}"
    assert isinstance(proved, int), f"{proved}, {context}"
    # Nobody looked, so each conversation became unread once.
    assert trail == {"conversation.unread": FAMILIES}, context
    async with stack.staff("maria") as maria:
        indicator = (await maria.get("/api/v1/indicator")).json()
    assert indicator["unread_messages"] == len(said), context
