"""Eight at once on one conversation: whatever each is answered, one after the other could have been answered too.

Every answer counts: each status, number, unread count, refusal and badge, with the order of the audit trail.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.audit import service as audit
from api.conversations import viewing
from tests.conversations.test_concurrency import API, PARENT, webhook
from tests.conversations.test_histories import answered, standing
from tests.support import conversation_model as model
from tests.support import postgres, reliability
from tests.support.clock import stop_clock
from tests.support.serial_order import NoOrderError, Operation, find_serial_order
from tests.support.service import Service, service_settings
from tests.support.world import World

ACTORS = 8
OPERATIONS = 8
"""Of each actor."""
LEASE, DEADLINE = timedelta(seconds=30), timedelta(0)
"""Unconfirmed messages are due at once, so a sweep at any moment makes the conversation unread."""
NO_TIME = 1e-9
"""Seconds: more than 0, as the setting requires, and less than the resolution of the database's clock."""

History = list[Operation[model.Conversation]]
Deed = tuple[str, Callable[[model.Conversation], object], object]
"""Its name, its effect on the model, its answer."""


@pytest.fixture
async def service(clone: postgres.Database, tmp_path: Path) -> AsyncIterator[Service]:
    """A connection for each actor, and a stopped clock, since the order is compared and not the time."""
    stop_clock(clone)
    settings = service_settings(
        tmp_path,
        database_pool_size=ACTORS + 4,
        viewer_lease_seconds=LEASE.total_seconds(),
        seen_deadline_seconds=NO_TIME,
    )
    async with Service.running(settings, clone) as running:
        yield running


class Actor:
    """Acts at random, one act after another, and records each answer and its time."""

    def __init__(self, world: World, path: str, name: str, dice: random.Random, now: datetime) -> None:
        self._world = world
        self._path = path
        self._name = name
        self._dice = dice
        self._now = now
        self._tab = uuid4()
        self._person = dice.choice(["maria", "admin", "daniel"])
        self._client = getattr(world, self._person)
        self._last_seq = 1
        self.history: History = []

    async def act(self) -> None:
        deeds = [
            self.text,
            self.view,
            self.view,
            self.leave,
            self.close,
            self.reopen,
            self.sweep,
            self.read,
            self.badges,
        ]
        if self._person != "daniel":
            deeds += [self.reply, self.careful_reply]
        for _ in range(OPERATIONS):
            began = time.perf_counter()
            what, happens, answer = await self._dice.choice(deeds)()
            if isinstance(answer, model.Standing):
                self._last_seq = answer.last_seq
            self.history.append(
                Operation(f"{self._name} {self._person} {what}", began, time.perf_counter(), happens, answer)
            )

    def _seq(self) -> int:
        return max(0, self._last_seq - self._dice.choice([0, 0, 0, 1]))

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        response: httpx.Response = await self._client.request(method, f"{self._path}{path}", json=body)
        return response

    def history_with(self, arrived: dict[str, int]) -> History:
        """The acts, each text with the `seq` that it got as its answer."""
        return [replace(each, answer=arrived.get(str(each.answer), each.answer)) for each in self.history]

    async def text(self) -> Deed:
        words = f"Is class on? {uuid4()}"
        await webhook(self._world, words)
        await self._world.settled()

        def happens(it: model.Conversation) -> object:
            it.arrives(now=self._now)
            return it.standing.last_seq

        return "texts", happens, words

    async def view(self) -> Deed:
        seq = self._seq()
        answer = answered(await self._ask("PUT", f"/viewers/{self._tab}", {"seen_seq": seq}))
        return f"views {seq}", lambda it: it.view(self._person, str(self._tab), seq, now=self._now), answer

    async def leave(self) -> Deed:
        assert (await self._ask("DELETE", f"/viewers/{self._tab}")).status_code == 204
        return "leaves", lambda it: it.leave(self._person, str(self._tab)), None

    async def close(self) -> Deed:
        seq = self._seq()
        answer = answered(await self._ask("POST", "/close", {"seen_seq": seq}))
        return f"closes {seq}", lambda it: it.close(seq), answer

    async def reopen(self) -> Deed:
        return "reopens", lambda it: it.reopen(), answered(await self._ask("POST", "/reopen"))

    async def reply(self) -> Deed:
        return await self._replies(None)

    async def careful_reply(self) -> Deed:
        return await self._replies(self._seq())

    async def _replies(self, seq: int | None) -> Deed:
        close = self._dice.random() < 0.3
        response = await self._ask("POST", "/messages", {"body": "Yes", "seen_seq": seq, "close": close})
        answer = response.json()["seq"] if response.status_code == 201 else answered(response)

        def happens(it: model.Conversation) -> object:
            expected = it.reply(self._person, seen_seq=seq, close=close)
            return expected.last_seq if isinstance(expected, model.Standing) else expected

        return f"replies after {seq}{' and closes' if close else ''}", happens, answer

    async def sweep(self) -> Deed:
        async with self._world.service.database.transaction() as session:
            became_unread = await viewing.sweep(session, self._world.organization_id)

        def happens(it: model.Conversation) -> object:
            before = it.status
            it.sweep(self._now)
            return int(it.status != before)

        return "sweeps", happens, became_unread

    async def read(self) -> Deed:
        return "reads", lambda it: it.standing, standing((await self._ask("GET", "")).json())

    async def badges(self) -> Deed:
        return "sees the badges", lambda it: model.indicator([it]), await self._world.indicator()


def key(it: model.Conversation) -> Hashable:
    texts = tuple((text.incoming, text.sender, text.seen, text.due) for text in it.texts)
    return it.status, texts, tuple(sorted(it.leases)), len(it.trail)


@pytest.mark.reliability
@pytest.mark.timeout(reliability.size(quick=120, full=3_600))
async def test_eight_concurrent_actors_get_the_answers_of_some_serial_order(service: Service) -> None:
    number, rounds = reliability.seed(), reliability.size(quick=2, full=300)
    print(f"MESSENGER_SEED={number}")
    progress = reliability.Progress("serial orders", total=rounds)
    for turn in range(rounds):
        await one_round(await World.create(service), random.Random(f"{number}/{turn}"))
        progress.at(turn + 1)
    reliability.figure("serial_orders", rounds=rounds, operations=rounds * ACTORS * OPERATIONS, seed=number)


async def one_round(world: World, dice: random.Random) -> None:
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    ((now,),) = await world.rows("SELECT clock_timestamp()")
    start = model.Conversation(LEASE, DEADLINE)
    start.arrives(now=now)
    actors = [
        Actor(world, f"{API}/conversations/{conversation['id']}", f"{n}:", random.Random(dice.random()), now)
        for n in range(ACTORS)
    ]

    await asyncio.gather(*(actor.act() for actor in actors))

    arrived = {message["body"]: message["seq"] for message in await world.thread(conversation["id"])}
    trail = await world.actions(conversation["id"])
    stands = standing(await world.conversation(PARENT))
    found = find_serial_order(
        [actor.history_with(arrived) for actor in actors],
        start,
        key=key,
        fits=lambda it: it.trail == trail[: len(it.trail)],
        ends=lambda it: (it.trail, it.standing) == (trail, stands),
    )
    assert await world.indicator() == model.indicator([found])
    async with world.service.database.transaction() as session:
        assert isinstance(await audit.verify(session, world.organization_id), int)


def test_the_search_finds_a_serial_order_only_if_there_is_one() -> None:
    """Two concurrent increments of a counter, and a read after both."""

    def add(counter: list[int]) -> int:
        counter[0] += 1
        return counter[0]

    def read(counter: list[int]) -> int:
        return counter[0]

    def search(*answers: int) -> list[int]:
        first, second, last = answers
        adding = [[Operation("adds", 0, 2, add, first)], [Operation("adds", 1, 3, add, second)]]
        reading = [[Operation("reads", 4, 5, read, last)]]
        return find_serial_order([*adding, *reading], [0], key=tuple, fits=lambda _: True, ends=lambda it: it == [2])

    assert search(2, 1, 2) == [2]
    for impossible in ((1, 1, 2), (1, 2, 1), (2, 1, 0)):
        with pytest.raises(NoOrderError):
            search(*impossible)
