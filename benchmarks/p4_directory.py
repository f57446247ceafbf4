"""P4, families by name and by digits: how long a search takes through HTTP among 50,000 families, beside 500.

Both businesses are in one database and take turns, request by request. Value and floor are latencies, so the ratio is
the floor by the value: 1.5 times as long is 0.67. A name is on as many families in either business; a common surname
is on 4 % of them, and four digits are in about one number of a thousand, so the large business answers with more.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx

from api.access.dependencies import SESSION_COOKIE
from api.embedded_postgres.run import EmbeddedPostgres
from api.kit.connection import plain_url
from api.kit.database import Database
from api.kit.ids import new_id
from api.providers.registry import Providers
from benchmarks import place
from benchmarks.harness import Result, benchmark
from tests.support.business import create_business

REACH = 1 / 1.5
SMALL, LARGE = 500, 50_000
COMMON = 0.04
"""The share of families that are called Smith."""
REQUESTS = 300
"""Of each kind, in each business."""
WARM_UP = 30
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnrst" for vowel in "aeiou"]

FAMILIES = "INSERT INTO families (organization_id, id, name) SELECT $1, * FROM unnest($2::uuid[], $3::text[])"
CONTACTS = (
    "INSERT INTO contacts (organization_id, id, family_id, name, position)"
    " SELECT $1, id, family_id, name, 0 FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS new(id, family_id, name)"
)
NUMBERS = "INSERT INTO phone_numbers (organization_id, id, number) SELECT $1, * FROM unnest($2::uuid[], $3::text[])"
RECORDS = (
    "INSERT INTO phone_records (organization_id, id, phone_number_id, contact_id, position)"
    " SELECT $1, id, number, contact, 0 FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS new(id, number, contact)"
)


class Chance:
    """Names and numbers of a business. A surname other than the common one is on two or three families."""

    def __init__(self, families: int) -> None:
        self._random = random.Random(families)
        self._surnames = [self._word(4) for _ in range(families // 2)]
        self.first_names = [self._word(2) for _ in range(300)]

    def _word(self, syllables: int) -> str:
        return "".join(self._random.choices(SYLLABLES, k=syllables)).capitalize()

    def surname(self) -> str:
        return "Smith" if self._random.random() < COMMON else self._random.choice(self._surnames)

    def first_name(self) -> str:
        return self._random.choice(self.first_names)


async def fill(connection: asyncpg.Connection, organization_id: UUID, families: int) -> Mapping[str, Sequence[str]]:
    """Families of one contact with one number. Returns queries by their kind: each has a hit."""
    chance = Chance(families)
    names = [(chance.surname(), chance.first_name()) for _ in range(families)]
    # The same density of digits in both: four that stand together are in about one number of a thousand.
    numbers = [f"+1312{number:07}" for number in random.Random(1).sample(range(2_000_000, 10_000_000), families)]
    for start in range(0, families, 1_000):
        batch = names[start : start + 1_000]
        ids, contacts, records, rows = ([new_id() for _ in batch] for _ in range(4))
        async with connection.transaction():
            await connection.execute(FAMILIES, organization_id, ids, [f"{surname} family" for surname, _ in batch])
            people = [f"{first} {surname}" for surname, first in batch]
            await connection.execute(CONTACTS, organization_id, contacts, ids, people)
            await connection.execute(NUMBERS, organization_id, records, numbers[start : start + 1_000])
            await connection.execute(RECORDS, organization_id, rows, records, contacts)
    sample = random.Random(2).choices(range(families), k=REQUESTS + WARM_UP)
    rare = [each for each in sample if names[each][0] != "Smith"]
    rare *= 2
    return {
        "a name": [names[each][0].lower() for each in rare],
        "the beginning of a name": [names[each][0].lower()[:7] for each in rare],
        "two words": [f"{names[each][1]} {names[each][0]}".lower() for each in rare],
        "a name and family": [f"{names[each][0]} family".lower() for each in rare],
        "four digits": [numbers[each][-4:] for each in sample],
        "a whole number": [f"(312) {numbers[each][5:8]}-{numbers[each][8:]}" for each in sample],
        "a common surname": ["smith"] * len(sample),
        "nobody": [f"xq{uuid4().hex[:6]}" for _ in sample],
    }


async def measure(server: EmbeddedPostgres, folder: Path) -> Sequence[Result]:
    settings = place.settings(server, folder)
    database = Database(server.url, pool_size=2)
    providers = Providers(settings)
    connection = await asyncpg.connect(plain_url(server.owner_url))
    clients: dict[int, httpx.AsyncClient] = {}
    queries: dict[int, Mapping[str, Sequence[str]]] = {}
    started = time.perf_counter()
    for families in (SMALL, LARGE):
        business = await create_business(database, providers=providers, secrets=place.secrets())
        queries[families] = await fill(connection, business.organization_id, families)
        cookies = {SESSION_COOKIE: business.tokens["maria"]}
        clients[families] = httpx.AsyncClient(base_url=settings.public_base_url, cookies=cookies, timeout=30)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    filled = time.perf_counter() - started
    results: list[Result] = []
    env = place.environment(settings)
    async with place.process([place.MESSENGER, "serve"], ready_at=f"{settings.public_base_url}/readyz", env=env):
        for kind in queries[SMALL]:
            taken = await _take_turns(clients, {size: each[kind] for size, each in queries.items()})
            results += _results(kind, taken, filled=filled)
    for client in clients.values():
        await client.aclose()
    await providers.close()
    await database.close()
    return results


class Taken:
    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.hits = 0

    def percentile(self, share: float) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * share)] * 1000


async def _take_turns(
    clients: Mapping[int, httpx.AsyncClient], queries: Mapping[int, Sequence[str]]
) -> dict[int, Taken]:
    taken = {size: Taken() for size in clients}
    for number in range(WARM_UP + REQUESTS):
        for size, client in clients.items():
            started = time.perf_counter()
            response = await client.get("/api/v1/families", params={"q": queries[size][number]})
            seconds = time.perf_counter() - started
            if response.status_code != 200:
                raise RuntimeError(response.text)
            if number >= WARM_UP:
                taken[size].seconds.append(seconds)
                taken[size].hits += len(response.json()["items"])
    return taken


def _results(kind: str, taken: Mapping[int, Taken], *, filled: float) -> Sequence[Result]:
    small, large = taken[SMALL], taken[LARGE]
    return [
        Result(
            name=f"P4, {kind}, p{share:.0%}".rstrip("%"),
            value=large.percentile(share),
            unit="ms",
            floor=small.percentile(share),
            ratio=small.percentile(share) / large.percentile(share),
            reach=REACH,
            detail={
                "families": LARGE,
                "families_of_the_floor": SMALL,
                "records_a_page": round(large.hits / REQUESTS, 1),
                "of_the_floor": round(small.hits / REQUESTS, 1),
                "requests": REQUESTS,
                "filled_s": round(filled),
            },
        )
        for share in (0.5, 0.99)
    ]


@benchmark("P4")
def directory() -> Sequence[Result]:
    with place.database() as (server, folder):
        return asyncio.run(measure(server, folder))
