"""R12: texts that were chosen to be slow. Each is applied or quarantined within a second, and nobody else has to wait.

The service runs on this test's own event loop, so a loop that stands still for one text stands still for everybody. How
long it stands still is taken in processor time, which a busy machine does not add to.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from urllib.parse import quote_plus
from uuid import uuid4

import httpx
import pytest

from tests.providers.dialects.bandwidth import Bandwidth
from tests.support.business import LINE_NUMBER
from tests.support.reliability import FULL, Progress, figure, seed, size
from tests.support.service import ORIGIN
from tests.support.stack import eventually
from tests.support.world import World

TEXTS = size(quick=40, full=1_000)
EVERY = 10
"""Texts between two of the other business."""

LONGEST_TURN_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 2.0 if FULL else 10.0
"""Of the other business's texts, by the clock: small runs share the machine with other tests."""

MAX_ENCODED = 250_000
"""A webhook carries at most 256 KiB."""

SENDER, NEIGHBOUR = "+13125550101", "+13125550102"

PUMPED = (
    # What a person might write who wants no more texts, and what looks like it for as long as it lasts.
    *(("stop ", "all the ", "x"), ("stop ", "sending me ", "x"), ("please ", "please ", "stop"), ("", "stop ", "!")),
    *(("do ", "not ", "text"), ("don't ", "ever ", "text me"), ("unsubscribe me ", "from all of ", "?")),
    *(("take me ", "off the ", "list"), ("remove ", "my my ", "number"), ("no more ", "no more ", "texts")),
    *(("I want to ", "opt ", "out"), ("quit ", "quit texting ", "x"), ("leave ", "me alone and leave ", "x")),
    # Space, and what looks like it or like nothing.
    *(("", " ", "x"), ("stop", " ", "x"), ("stop", "\t\n", "now"), ("a", "\u00a0", "b"), ("", "\r\n", "")),
    *(
        ("s", "\u200b", "top"),
        ("", "\ufeff", "stop"),
        ("stop", "\u2060\u200d", "!"),
        ("", "\u3000", "x"),
        ("", "\x00", ""),
    ),
    # Marks upon marks, and what grows when it is folded or normalised.
    *(
        ("a", "\u0301", ""),
        ("", "e\u0301\u0323", ""),
        ("z", "\u0334\u0335\u0336", ""),
        ("", "\ufdfa", ""),
        ("", "ß", ""),
    ),
    *(("", "İ", ""), ("", "\u1e9b\u0323", ""), ("", "㌀", ""), ("", "ﬃ", ""), ("", "각", "")),
    # One word, and no word.
    *(("", "a", ""), ("", "ab-", ""), ("", "a'", ""), ("", "a.", ""), ("", "_", ""), ("", "!", "x"), ("", "-", "x")),
    *(("", "…", "x"), ("", "‼\ufe0f", "stop"), ("stop", ".", "x"), ("", '"', "stop"), ("", "(", ""), ("", "[", "]")),
    # Addresses and numbers.
    *(("", "https://a.test/", ""), ("", "http://a.b ", ""), ("https://a.test/?", "a=b&", ""), ("", "www.", "")),
    *(("", "a@", "b.test"), ("", "1", ""), ("", "+1", ""), ("", "+1 (312) 555-0101 ", ""), ("", "1.1", "")),
    # Pictures of several parts, directions, and characters outside of the first plane.
    *(("", "👩\u200d", "👧"), ("", "🏳️\u200d🌈", ""), ("", "🇺", ""), ("", "\u202e", "stop"), ("", "\U0001d54a", "")),
)


def slow_text(chance: Random) -> str:
    """A beginning, something that is repeated, and an end at which whatever looked right turns out wrong."""
    start, pumped, end = chance.choice(PUMPED)
    if chance.random() < 0.2:
        pumped += chance.choice(PUMPED)[1]
    most = (MAX_ENCODED - len(quote_plus(start + end))) // max(len(quote_plus(pumped)), 1)
    return start + pumped * min(chance.choice([24, 60, 200, 1_600, 20_000, 200_000]), most) + end


def deep_json(chance: Random, message_id: str) -> bytes:
    """A provider's event with something in it that is deeply nested, wide, or long."""
    depth = chance.choice([100, 2_000, 60_000])
    nested = chance.choice(
        [
            "[" * depth + "]" * depth,
            '{"a":' * depth + "1" + "}" * depth,
            "[" + ",".join(["[]"] * depth) + "]",
            "{" + ",".join(f'"{number}":{number}' for number in range(depth // 4)) + "}",
            "1" * chance.choice([400, 4_000]),
            '"' + "\\u0301" * (depth // 2) + '"',
            "[" * depth,
        ]
    )
    arrived = {
        "type": "message-received",
        "time": "2026-11-27T10:00:00.000Z",
        "to": LINE_NUMBER,
        "description": "Incoming message received",
        "message": {
            "id": message_id,
            "owner": LINE_NUMBER,
            "from": SENDER,
            "to": [LINE_NUMBER],
            "direction": "in",
            "text": "hello",
            "segmentCount": 1,
            "tag": "DEEP",
        },
    }
    return json.dumps([arrived]).replace('"DEEP"', nested).encode()


@dataclass
class Turning:
    """How long the loop has stood still at most, in seconds of this thread's processor time."""

    longest: float = 0.0

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        async def watch() -> None:
            before = time.thread_time()
            while True:
                await asyncio.sleep(0.001)
                now = time.thread_time()
                self.longest, before = max(self.longest, now - before), now

        task = asyncio.create_task(watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@dataclass
class Entrances:
    """The two ways in: a form of texts, and JSON of a provider that repeats what it is told."""

    world: World
    json_line: str

    async def post_text(self, text: str) -> None:
        fields = {"MessageSid": f"SM{uuid4().hex}", "From": SENDER, "To": LINE_NUMBER, "Body": text, "NumMedia": "0"}
        response = await self.world.post_webhook("inbound", fields)
        assert response.status_code == 200, response.text

    async def post_json(self, chance: Random) -> None:
        body = deep_json(chance, uuid4().hex)
        webhook = Bandwidth().signed(f"{ORIGIN}/webhooks/bandwidth/{self.json_line}/inbound", body)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.world.service.app, raise_app_exceptions=False), base_url=ORIGIN
        ) as carrier:
            response = await carrier.post(webhook.url, content=body, headers=dict(webhook.headers))
        # What cannot be read at all may be refused; a 5xx would be a crash.
        assert response.status_code < 500, response.text


async def waiting(world: World, organization_id: object) -> int:
    ((count,),) = await world.rows(
        "SELECT count(*) FROM inbound_events WHERE state = 'pending' AND organization_id = :id", id=organization_id
    )
    assert isinstance(count, int)
    return count


def nothing_waits(world: World, organization_id: object) -> Callable[[], "asyncio.Future[bool]"]:
    async def check() -> bool:
        return await waiting(world, organization_id) == 0

    return lambda: asyncio.ensure_future(check())


@pytest.mark.reliability
@pytest.mark.timeout(3600)
async def test_R12_texts_chosen_to_be_slow_take_less_than_a_second_each_and_nobody_else_waits(world: World) -> None:
    drawn_from = seed()
    chance = Random(drawn_from)
    neighbour = await World.create(world.service)
    line = await world.admin.post(
        "/api/v1/lines",
        json={
            "label": "JSON",
            "phone_number": "+13125550198",
            "kind": "long_code",
            "country": "US",
            "provider": "bandwidth",
            "credentials": dict(Bandwidth.credentials),
        },
    )
    assert line.status_code == 201, line.text
    entrances = Entrances(world, line.json()["id"])
    progress = Progress("R12", total=TEXTS)
    slowest, longest_wait = 0.0, 0.0
    for number in range(TEXTS):
        text = slow_text(chance) if number % 5 else None
        turning = Turning()
        async with turning.watched():
            if text is None:
                await entrances.post_json(chance)
            else:
                await entrances.post_text(text)
            if number % EVERY == 0:
                since = time.monotonic()
                await neighbour.text(NEIGHBOUR, f"text {number}")
                longest_wait = max(longest_wait, time.monotonic() - since)
            await eventually(nothing_waits(world, world.organization_id), "it is applied or quarantined")
        slowest = max(slowest, turning.longest)
        told = f"MESSENGER_SEED={drawn_from} number {number}: {(text or 'JSON')[:60]!r}"
        assert turning.longest <= LONGEST_TURN_SECONDS, told
        assert longest_wait <= LONGEST_WAIT_SECONDS, told
        progress.at(number + 1, f"slowest {slowest:.3f} s")

    left = dict(await world.rows("SELECT state, count(*) FROM inbound_events GROUP BY state"))
    assert set(left) <= {"applied", "quarantined"}
    assert len(await world.rows("SELECT id FROM messages WHERE body LIKE 'text %'")) >= TEXTS // EVERY
    figure(
        "R12",
        texts=TEXTS,
        quarantined=left.get("quarantined", 0),
        slowest_turn=f"{slowest:.3f}s",
        longest_wait_of_another=f"{longest_wait:.3f}s",
        seed=drawn_from,
    )
