"""P3: messages sent per second, outbox → simulator → settled, no rate limit.

Beside it the fastest plain client posts the same bodies to the same simulator, 64 at once: raw asyncio
(`benchmarks.load`), requests written beforehand. The simulator posts no callbacks, neither for the one nor for the
other. Floor and worker take turns.
"""

import base64
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import asyncpg
import httpx
import uvloop

from api.conversations.lifecycle import OUTBOX_CHANNEL
from api.embedded_postgres.run import EmbeddedPostgres
from api.kit.connection import plain_url
from api.kit.database import Database
from api.kit.ids import new_id
from api.kit.lexemes import search_vector
from api.providers.registry import Providers
from api.settings import Settings
from benchmarks import place
from benchmarks.harness import Result, benchmark
from benchmarks.load import drive, request
from tests.support.business import ACCOUNT_SID, AUTH_TOKEN, LINE_NUMBER, Business, create_business
from tests.support.stack import eventually

REACH = 0.35
CONVERSATIONS = 2_000
ROUNDS = 3
MESSAGES = 1_000
"""Of one round, for the worker as for the plain client."""
WARM_UP = 500
PATIENCE_SECONDS = 180.0
AT_ONCE = 64
"""Requests of the plain client at the same time."""


@dataclass(frozen=True)
class Text:
    conversation: int
    seq: int

    @property
    def to(self) -> str:
        return f"+1312{5500000 + self.conversation:07}"

    @property
    def body(self) -> str:
        return f"Class moves to half past five on Thursday. Reply if you cannot come. ({self.conversation}, {self.seq})"


class Outbox:
    """Conversations that may be answered, and messages queued in them as `enqueue` would queue them."""

    def __init__(
        self, connection: "asyncpg.Connection[asyncpg.Record]", business: Business, *, area: str = "312"
    ) -> None:
        self._area = area
        self._connection = connection
        self._business = business
        self._conversations = [new_id() for _ in range(CONVERSATIONS)]
        self._queued = 0

    async def lay(self) -> None:
        numbers = [new_id() for _ in self._conversations]
        owner = (self._business.organization_id, self._business.line_id)
        await self._connection.execute(
            "INSERT INTO phone_numbers (organization_id, id, number) SELECT $1, * FROM unnest($2::uuid[], $3::text[])",
            owner[0],
            numbers,
            [Text(each, 0).to.replace("+1312", f"+1{self._area}") for each in range(CONVERSATIONS)],
        )
        # Each has texted first, so it may be answered though it is on no record.
        await self._connection.execute(
            "INSERT INTO consumer_initiations (organization_id, line_id, id, phone_number_id)"
            " SELECT $1, $2, gen_random_uuid(), * FROM unnest($3::uuid[])",
            *owner,
            numbers,
        )
        await self._connection.execute(
            "INSERT INTO conversations (organization_id, line_id, id, phone_number_id, status)"
            " SELECT $1, $2, *, 'open' FROM unnest($3::uuid[], $4::uuid[])",
            *owner,
            self._conversations,
            numbers,
        )

    async def queue(self, count: int) -> list[Text]:
        """As one mass text of several messages would: in one transaction, with one wake-up. Returns what was queued."""
        first, self._queued = self._queued, self._queued + count
        texts = [
            Text(conversation=number % CONVERSATIONS, seq=number // CONVERSATIONS + 1)
            for number in range(first, first + count)
        ]
        organization_id, line_id = self._business.organization_id, self._business.line_id
        rows = [new_id() for _ in texts], [self._conversations[each.conversation] for each in texts]
        seqs = [each.seq for each in texts]
        async with self._connection.transaction():
            await self._connection.execute(
                "INSERT INTO messages (organization_id, line_id, id, conversation_id, seq, body, search, direction,"
                " status, segments, encoding)"
                " SELECT $1, $2, id, conversation, seq, body, search::tsvector, 'outbound', 'queued', 1, 'GSM-7'"
                " FROM unnest($3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::text[])"
                " AS new(id, conversation, seq, body, search)",
                organization_id,
                line_id,
                *rows,
                seqs,
                [each.body for each in texts],
                [search_vector(each.body, organization_id=organization_id) for each in texts],
            )
            await self._connection.execute(
                "INSERT INTO outbox (organization_id, line_id, id, conversation_id, seq)"
                " SELECT $1, $2, * FROM unnest($3::uuid[], $4::uuid[], $5::int[])",
                organization_id,
                line_id,
                *rows,
                seqs,
            )
            await self._connection.execute(
                "UPDATE conversations SET last_seq = last.seq, seen_seq = last.seq"
                " FROM (SELECT conversation_id, max(seq) AS seq FROM messages WHERE organization_id = $1"
                "  GROUP BY conversation_id) AS last"
                " WHERE conversations.organization_id = $1 AND conversations.id = last.conversation_id",
                organization_id,
            )
            await self._connection.execute(
                "SELECT pg_notify($1, $2)", OUTBOX_CHANNEL, json.dumps([{"organization_id": str(organization_id)}])
            )
        return texts

    async def empty(self) -> bool:
        return bool(await self._connection.fetchval("SELECT NOT EXISTS (SELECT FROM outbox)"))

    async def sent(self) -> int:
        return int(await self._connection.fetchval("SELECT count(*) FROM messages WHERE status = 'sent'"))


def post(settings: Settings, text: Text, *, callback: str) -> bytes:
    """The request that any client would have to make at least."""
    path = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    credentials = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
    form = {"To": text.to, "Body": text.body, "StatusCallback": callback, "From": LINE_NUMBER}
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/x-www-form-urlencoded"}
    return request("POST", f"{settings.simulator_url}{path}", headers=headers, body=urlencode(form).encode())


async def measure(server: EmbeddedPostgres, folder: Path) -> Result:
    settings = place.settings(server, folder)
    database = Database(server.url, pool_size=2)
    providers = Providers(settings)
    business = await create_business(database, providers=providers, secrets=place.secrets())
    await providers.close()
    await database.close()
    connection = await asyncpg.connect(plain_url(server.owner_url))
    outbox = Outbox(connection, business)
    await outbox.lay()
    env = place.environment(settings)
    simulator = [sys.executable, "-m", "simulator", "--port", str(settings.simulator_port), "--fast"]
    simulator += ["--log-level", "error"]
    async with place.process(simulator, ready_at=f"{settings.simulator_url}/healthz", env=env) as carrier:
        await place.register_line(settings, business.line_id)
        await _post_no_callbacks(settings)
        floor = _Floor(settings, callback=f"{settings.public_base_url}/webhooks/simulator/{business.line_id}/status")
        with place.running([place.MESSENGER, "worker"], env=env) as working:
            await outbox.queue(WARM_UP)
            await eventually(outbox.empty, "the warm-up is sent")
            await connection.execute("ANALYZE")
            seconds = worker_cpu = carrier_cpu = 0.0
            for _ in range(ROUNDS):
                await floor.measure()
                await outbox.queue(MESSAGES)
                cpu = place.cpu_seconds(working), place.cpu_seconds(carrier)
                started = time.perf_counter()
                await eventually(outbox.empty, "everything is sent", seconds=PATIENCE_SECONDS)
                seconds += time.perf_counter() - started
                worker_cpu += place.cpu_seconds(working) - cpu[0]
                carrier_cpu += place.cpu_seconds(carrier) - cpu[1]
    count = ROUNDS * MESSAGES
    if await outbox.sent() != WARM_UP + count:
        raise RuntimeError(f"{await outbox.sent()} of {WARM_UP + count} messages were sent.")
    await connection.close()
    return Result(
        name="P3",
        value=count / seconds,
        unit="messages/s",
        floor=floor.per_second,
        ratio=count / seconds / floor.per_second,
        reach=REACH,
        detail={
            "worker_cpu_us_each": round(worker_cpu / count * 1e6),
            "simulator_cpu_us_each": round(carrier_cpu / count * 1e6),
            "messages": count,
            "conversations": CONVERSATIONS,
            "at_once": AT_ONCE,
        },
    )


async def _post_no_callbacks(settings: Settings) -> None:
    """Nobody listens here. The simulator would spend most of its time on connecting, again and again."""
    async with httpx.AsyncClient(base_url=settings.simulator_url) as carrier:
        (await carrier.patch("/control/settings", json={"callback_statuses": []})).raise_for_status()


class _Floor:
    def __init__(self, settings: Settings, *, callback: str) -> None:
        self._settings = settings
        self._callback = callback
        self._posted = 0
        self._seconds = 0.0

    async def measure(self) -> None:
        texts = [Text(conversation=number % CONVERSATIONS, seq=0) for number in range(MESSAGES)]
        requests = [post(self._settings, text, callback=self._callback) for text in texts]
        load = await drive(self._settings.simulator_url, iter(requests), connections=AT_ONCE, seconds=PATIENCE_SECONDS)
        if load.statuses != {201: len(texts)}:
            raise RuntimeError(f"The simulator did not accept every message: {load.statuses}.")
        self._seconds += load.seconds
        self._posted += len(texts)

    @property
    def per_second(self) -> float:
        return self._posted / self._seconds


@benchmark("P3")
def sending() -> Sequence[Result]:
    with place.database() as (server, folder):
        return [uvloop.run(measure(server, folder))]
