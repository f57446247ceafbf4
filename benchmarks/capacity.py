"""`python -m benchmarks.capacity [--received N] [--sent N]`: what texts, processes and connections take.

Received texts are journaled and applied as a worker does it; replies go through the API, a worker and the simulator
with all of their delivery reports. It measures sizes, which other load on the machine does not change. The figures are
in docs/capacity.md.
"""

import argparse
import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
import httpx
import uvloop

from api.access.dependencies import SESSION_COOKIE
from api.embedded_postgres.run import EmbeddedPostgres
from api.inbound.attempts import apply_due_events
from api.inbound.queries import JournalRow, add_to_journal
from api.kit.connection import plain_url
from api.kit.database import Database
from api.providers.port import EventKind, WebhookEvent
from api.providers.registry import Providers
from api.settings import Settings
from benchmarks import place
from tests.support.business import ACCOUNT_SID, LINE_NUMBER, Business, create_business
from tests.support.stack import eventually

RECEIVED, SENT = 200_000, 12_000
PARENTS = 2_000
WORDS = 8_000
"""Different words of all texts. Their share of the index of the search is large in a small database."""
JOURNALED_AT_ONCE = 1_000
REPLIES_AT_ONCE = 16
PATIENCE_SECONDS = 1_200.0

SIZES = """\
SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

DELIVERED = "SELECT count(*) FROM messages WHERE status IN ('delivered', 'unknown')"

Sizes = dict[str, tuple[int, int]]
"""By table: bytes of its rows and of its indexes."""


class Texts:
    """Texts of 4 to 24 words: 14 words and 75 characters on average."""

    def __init__(self) -> None:
        self._random = random.Random(7)
        letters = "etaoinshrdlu"
        self._words = ["".join(self._random.choices(letters, k=self._random.randint(2, 7))) for _ in range(WORDS)]

    def body(self) -> str:
        # A few words are common and most are rare, as in a language.
        ranks = (int(self._random.paretovariate(0.6)) % WORDS for _ in range(self._random.randint(4, 24)))
        return " ".join(self._words[rank] for rank in ranks)


def received(business: Business, texts: Texts, *, first: int, count: int) -> Sequence[JournalRow]:
    def one(number: int) -> JournalRow:
        sid, sender = f"SM{number:032}", f"+1312{5500000 + number % PARENTS:07}"
        fields = {
            **{"ToCountry": "US", "ToState": "IL", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "CHICAGO"},
            **{"FromZip": "60601", "SmsSid": sid, "FromState": "IL", "SmsStatus": "received", "FromCity": "CHICAGO"},
            **{"Body": texts.body(), "FromCountry": "US", "To": LINE_NUMBER, "ToZip": "60601", "NumSegments": "1"},
            **{"MessageSid": sid, "AccountSid": ACCOUNT_SID, "From": sender, "ApiVersion": "2010-04-01"},
        }
        event = WebhookEvent(
            kind=EventKind.MESSAGE,
            event_id=sid,
            phone_number=sender,
            body=urlencode(fields).encode(),
            content_type="application/x-www-form-urlencoded",
        )
        return JournalRow(business.organization_id, business.line_id, "simulator", event, message_ref=None)

    return [one(number) for number in range(first, first + count)]


class Measuring:
    """One database, the business in it, and what it holds by now."""

    def __init__(self, server: EmbeddedPostgres, settings: Settings, watching: "asyncpg.Connection[asyncpg.Record]"):
        self.server = server
        self.settings = settings
        self.watching = watching
        self.texts = Texts()

    async def sizes(self) -> Sizes:
        await self.watching.execute("VACUUM ANALYZE")
        return {name: (table, indexes) for name, table, indexes in await self.watching.fetch(SIZES)}

    async def create_business(self) -> Business:
        async with Database(self.server.url, pool_size=2) as database:
            providers = Providers(self.settings)
            business = await create_business(database, providers=providers, secrets=place.secrets())
            await providers.close()
        return business

    async def receive(self, business: Business, *, first: int, count: int) -> None:
        async with Database(self.server.url, pool_size=4) as database:
            providers = Providers(self.settings)
            for start in range(first, first + count, JOURNALED_AT_ONCE):
                rows = received(business, self.texts, first=start, count=min(JOURNALED_AT_ONCE, first + count - start))
                async with database.transaction() as session:
                    await add_to_journal(session, rows)
                while await apply_due_events(
                    database, business.organization_id, providers=providers, confirm_within=timedelta(seconds=20)
                ):
                    pass
            await providers.close()
        if await self.watching.fetchval("SELECT count(*) FROM messages") != first + count:
            raise RuntimeError("Not every text was applied.")

    async def send(self, business: Business, count: int) -> dict[str, int]:
        """Replies until all are delivered. Returns memory in bytes and connections, by process and moment."""
        env = {**place.environment(self.settings), "MESSENGER_LOG_FORMAT": "json"}
        carrier = ["-m", "simulator", "--port", str(self.settings.simulator_port), "--fast", "--log-level", "error"]
        found: dict[str, int] = {}

        async def connections() -> int:
            return int(await self.watching.fetchval(CONNECTIONS))

        async with (
            place.process([place.PYTHON, *carrier], ready_at=f"{self.settings.simulator_url}/healthz", env=env),
            place.process(
                [place.MESSENGER, "serve"], ready_at=f"{self.settings.public_base_url}/readyz", env=env
            ) as serving,
        ):
            found["connections of serve"] = await connections()
            with place.running([place.MESSENGER, "worker"], env=env) as working:
                await place.register_line(self.settings, business.line_id)
                await self._reply(business, count=REPLIES_AT_ONCE)
                found |= {"serve, at first": memory(serving), "worker, at first": memory(working)}
                await self._reply(business, count=count - REPLIES_AT_ONCE)
                found |= {"serve, afterwards": memory(serving), "worker, afterwards": memory(working)}
                found["connections of serve and worker"] = await connections()
        return found

    async def _reply(self, business: Business, *, count: int) -> None:
        conversations = [str(each["id"]) for each in await self.watching.fetch("SELECT id FROM conversations")]
        replies = iter([conversations[number % len(conversations)] for number in range(count)])

        async def replying(client: httpx.AsyncClient) -> None:
            for conversation in replies:
                response = await client.post(
                    f"/api/v1/conversations/{conversation}/messages",
                    json={"body": self.texts.body()},
                    headers={"Idempotency-Key": str(uuid4())},
                )
                response.raise_for_status()

        before = await self._delivered()
        async with httpx.AsyncClient(
            base_url=self.settings.public_base_url,
            cookies={SESSION_COOKIE: business.tokens["maria"]},
            headers={"Origin": self.settings.public_base_url},
            timeout=60,
        ) as client:
            await asyncio.gather(*(replying(client) for _ in range(REPLIES_AT_ONCE)))

        async def is_delivered() -> bool:
            return await self._delivered() == before + count

        await eventually(is_delivered, "every reply is delivered", seconds=PATIENCE_SECONDS)

    async def _delivered(self) -> int:
        """Replies with an outcome. On a busy machine a few are unknown: the carrier's answer came too late."""
        return int(await self.watching.fetchval(DELIVERED))


def memory(pid: int) -> int:
    """Bytes of a process, with its share of what it has in common with others (PSS). From /proc: Linux only."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("The kernel does not say.")


def print_growth(title: str, before: Sizes, after: Sizes, *, texts: int) -> None:
    print(f"{title}: bytes a text ({texts:,} texts), rows + indexes")
    total = 0
    grown = {name: tuple(new - old for new, old in zip(after[name], before[name], strict=True)) for name in after}
    for name, (rows, indexes) in sorted(grown.items(), key=lambda each: -sum(each[1])):
        total += rows + indexes
        if rows + indexes >= texts:
            print(f"  {name:<24}{rows / texts:>8.0f} + {indexes / texts:>6.0f}")
    print(f"  {'total':<24}{total / texts:>8.0f}: {total / texts * 1e6 / 2**30:.2f} GiB a million", flush=True)


async def measure(server: EmbeddedPostgres, folder: Path, *, count: int, replies: int) -> None:
    """The second half is measured: it uses the space again that updates of the first half have left."""
    watching = await asyncpg.connect(plain_url(server.owner_url))
    measuring = Measuring(server, place.settings(server, folder), watching)
    business = await measuring.create_business()
    await measuring.receive(business, first=0, count=count // 2)
    before = await measuring.sizes()
    await measuring.receive(business, first=count // 2, count=count // 2)
    print_growth("received", before, await measuring.sizes(), texts=count // 2)
    found = await measuring.send(business, replies // 2)
    before = await measuring.sizes()
    await measuring.send(business, replies // 2)
    print_growth("sent", before, await measuring.sizes(), texts=replies // 2)
    for name, value in found.items():
        print(f"{name}: {value}" if name.startswith("connections") else f"{name}: {value / 2**20:.0f} MiB")
    await watching.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--received", type=int, default=RECEIVED)
    parser.add_argument("--sent", type=int, default=SENT)
    wanted = parser.parse_args()
    with place.database() as (server, folder):
        uvloop.run(measure(server, folder, count=wanted.received, replies=wanted.sent))


if __name__ == "__main__":
    main()
