"""SEARCH-CONTENT, SEARCH-HOW: the search returns what a plain scan over one business's messages returns."""

import random
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from api.conversations.models import Message
from api.kit.ids import new_id
from api.search.rules import parse_query, search_condition
from tests.support import plain_scan
from tests.support.reliability import Progress, figure, seed, size
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"
MESSAGES = size(quick=1_000, full=50_000)
QUERIES = size(quick=80, full=2_000)
PAGE, PAGES = 200, 2
INSERTED_AT_ONCE = 1_000
START = datetime(2024, 1, 5, 14, tzinfo=UTC)
UNTIL = START + timedelta(days=90)

COMMON = [
    "the", "to", "a", "is", "you", "for", "class", "on", "we", "at", "I", "it", "and", "can", "be", "will", "please",
    "thanks", "today",
]  # fmt: skip
SPELLINGS = [
    "Māori", "maori", "café", "cafe\u0301", "CAFÉ", "don't", "don\u2019t", "dont", "Straße", "strasse", "Łódź", "5:30",
    "5.30", "$1,250", "check-in", "体操教室", "操体", "สวัสดี", "\U0001f44d", "\U0001f44d\U0001f3fd", "❤\ufe0f", "❤", "½",
    "²", "ﬁne", "İstanbul",
    "ｶﾞｿﾘﾝ", "हिन्दी", "\u0663\u0664", "naïve", "it's", "O\u2018Brien", "\u02bbohana", "maya@gym.test", "https://gym.test/a?b=1",
    "(hello)", "...", "—", "&", "'", "\\", ":*", "<->", "!important", "x" * 120, "\u200d", "soft\u00adhyphen",
]  # fmt: skip
QUOTES = ['"{}"', "\u201c{}\u201d", '"{}', "{}"]


@dataclass(frozen=True)
class Stored:
    id: UUID
    body: str
    created_at: datetime


class Chance:
    """Random texts and queries over words that all organizations share."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(number)
        self._vocabulary = COMMON + [
            a + b + c + d
            for a in ("b", "cl", "d", "sw", "t", "tr", "v")
            for b in "aeiou"
            for c in ("m", "n", "ss", "t", "mbl")
            for d in ("", "s", "ing", "er")
        ]
        self._weights = [1 / (rank + 2) for rank in range(len(self._vocabulary))]

    def text(self) -> str:
        words = self.random.choices(self._vocabulary, self._weights, k=self.random.randint(1, 24))
        spelled = [self._spelled(word) for word in words]
        if self.random.random() < 0.05:
            spelled.append("".join(chr(self._code_point()) for _ in range(self.random.randint(1, 12))))
        return self.random.choice([" ", " ", " ", ", ", "\n", "-"]).join(spelled)

    def _spelled(self, word: str) -> str:
        match self.random.random():
            case chance if chance < 0.12:
                return self.random.choice(SPELLINGS)
            case chance if chance < 0.3:
                return self.random.choice([word.upper(), word.capitalize(), word + "!", f"'{word}'", word + "?"])
            case _:
                return word

    def _code_point(self) -> int:
        while True:
            code = self.random.choice([self.random.randint(1, 0x24FF), self.random.randint(1, 0x1FFFF)])
            if not 0xD800 <= code < 0xE000:
                return code

    def query(self, stored: Sequence[Stored]) -> str:
        """Mostly words of one of the messages, as somebody may remember them; sometimes words of none."""
        words = self.random.choice(stored).body.split() or ["?"]
        at = self.random.randrange(len(words))
        taken = words[at : at + self.random.randint(1, 4)]
        if self.random.random() < 0.3:
            taken += self.random.choice(stored).body.split()[:1]
        if self.random.random() < 0.1:
            taken.append(self.random.choice(["zzz", "'", "nowhere", *SPELLINGS]))
        if self.random.random() < 0.5:
            taken[-1] = taken[-1][: self.random.randint(1, len(taken[-1]))]
        query = self.random.choice(QUOTES).format(" ".join(taken))
        if self.random.random() < 0.3:
            query += self.random.choice([" ", "?", " more", ' "a b"', " e"])
        variants = [query, query.upper(), query.lower(), unicodedata.normalize("NFD", query)]
        return self.random.choice(variants)[:300]


async def store(world: World, chance: Chance, *, count: int) -> list[Stored]:
    """A thread of random messages, some with equal times, newest first."""
    await world.text(PARENT, "first")
    conversation_id = UUID((await world.conversation(PARENT))["id"])
    messages = [
        Stored(new_id(), chance.text(), START + timedelta(minutes=chance.random.randint(0, count // 2)))
        for _ in range(count)
    ]
    for first in range(0, count, INSERTED_AT_ONCE):
        async with world.service.database.transaction() as session:
            await session.execute(
                insert(Message),
                [
                    {
                        "organization_id": world.organization_id,
                        "id": message.id,
                        "conversation_id": conversation_id,
                        "line_id": world.line_id,
                        "seq": seq,
                        "direction": "inbound",
                        "body": message.body,
                        "status": "received",
                        "segments": 1,
                        "encoding": "UCS-2",
                        "created_at": message.created_at,
                    }
                    for seq, message in enumerate(messages[first : first + INSERTED_AT_ONCE], start=first + 2)
                ],
            )
    return sorted(messages, key=lambda message: (message.created_at, message.id), reverse=True)


async def searched(world: World, query: str, *, pages: int) -> tuple[list[dict[str, Any]], bool]:
    """The results of the first pages, and whether there are no more."""
    results: list[dict[str, Any]] = []
    params = {"q": query, "limit": str(PAGE), "to": UNTIL.isoformat()}
    for _ in range(pages):
        response = await world.daniel.get(f"{API}/messages/search", params=params)
        if response.status_code == 422 and not plain_scan.needles_of(query):
            return [], True
        assert response.status_code == 200, (query, response.text)
        page = response.json()
        results += page["items"]
        if page["next_cursor"] is None:
            return results, True
        params["cursor"] = page["next_cursor"]
    return results, False


async def everything_found(world: World, query: str) -> set[UUID]:
    """Every match, without paging."""
    condition = search_condition(parse_query(query), organization_id=world.organization_id)
    rows = await world.rows(
        "SELECT id FROM messages WHERE organization_id = :id AND search @@ CAST(:condition AS tsquery)"
        " AND created_at < :until",
        id=world.organization_id,
        condition=condition,
        until=UNTIL,
    )
    return {row[0] for row in rows}


def marked(result: dict[str, Any]) -> str:
    """The highlighted pieces of a result."""
    units = result["message"]["body"].encode("utf-16-le")
    pieces = [units[2 * mark["start"] : 2 * mark["end"]].decode("utf-16-le") for mark in result["highlights"]]
    return "\n".join(pieces)


@pytest.mark.reliability
@pytest.mark.timeout(size(quick=120, full=3_600))
async def test_SEARCH_HOW_returns_what_a_plain_scan_returns_within_one_organization(world: World) -> None:
    number = seed()
    print(f"MESSENGER_SEED={number}")
    chance = Chance(number)
    neighbour = await World.create(world.service)
    started = time.monotonic()
    stored = {each.slug: await store(each, chance, count=MESSAGES // 2) for each in (world, neighbour)}
    inserted = time.monotonic()
    texts = {slug: [plain_scan.spaced_words(message.body) for message in found] for slug, found in stored.items()}
    everything = [message for found in stored.values() for message in found]
    progress = Progress("search against a plain scan", total=QUERIES)
    results = empty = 0

    for asked in range(QUERIES):
        query = chance.query(everything)
        each = chance.random.choice([world, neighbour])
        needles = plain_scan.needles_of(query)
        expected = plain_scan.scan(texts[each.slug], query) if needles else []
        found, complete = await searched(each, query, pages=PAGES)

        ids = [stored[each.slug][place].id for place in expected]
        assert [UUID(result["message"]["id"]) for result in found] == ids[: PAGES * PAGE], (query, number)
        if not complete:
            assert await everything_found(each, query) == set(ids), (query, number)
        for result in found[:20]:
            shown = plain_scan.spaced_words(marked(result))
            assert all(needle in shown for needle in needles), (query, result, number)
        results += len(expected)
        empty += not expected
        progress.at(asked + 1)

    assert results > QUERIES
    assert empty > QUERIES // 100
    figure(
        "search",
        messages=MESSAGES,
        queries=QUERIES,
        results=results,
        empty=empty,
        insert_s=round(inserted - started),
        search_s=round(time.monotonic() - inserted),
    )
