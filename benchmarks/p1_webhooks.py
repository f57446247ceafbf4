"""P1: webhooks accepted and durable per second, beside the same server answering a bare JSON model.

Signed Twilio form posts from many parents over 16 and 64 kept-alive connections, to one API process. Floor and
webhooks take turns, and each webhook that was answered is counted in the database afterwards.
"""

import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import asyncpg
import uvloop

from api.embedded_postgres.run import EmbeddedPostgres
from api.kit.connection import plain_url
from api.kit.database import Database
from api.providers.registry import Providers
from api.providers.twilio.receive import signature
from benchmarks import place
from benchmarks.harness import Result, benchmark
from benchmarks.load import Load, drive, request
from tests.support.business import AUTH_TOKEN, LINE_NUMBER, create_business
from tests.support.stack import eventually, free_port

REACH = 0.70
CONNECTIONS = (16, 64)
ROUNDS = 2
FLOOR_SECONDS = 2.5
SECONDS = 3.0
WARM_UP_SECONDS = 1.0
PARENTS = 500
PREPARED = 30_000
"""For one round, signed before its clock starts: more than any machine takes in `SECONDS`."""


class Carrier:
    """Prepares webhooks, each with an id of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._numbers = itertools.count()

    def webhooks(self, count: int = PREPARED) -> Iterator[bytes]:
        return iter([self._webhook(number) for number in itertools.islice(self._numbers, count)])

    def _webhook(self, number: int) -> bytes:
        fields = {
            "ToCountry": "US",
            "MessageSid": f"SM{number:032}",
            "AccountSid": "AC" + "0" * 32,
            "From": f"+1312{5500000 + number % PARENTS:07}",
            "To": LINE_NUMBER,
            "Body": f"Is the five o'clock class on today? ({number})",
            "NumMedia": "0",
            "NumSegments": "1",
            "ApiVersion": "2010-04-01",
        }
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature(AUTH_TOKEN, self.url, list(fields.items())),
        }
        return request("POST", self.url, headers=headers, body=urlencode(fields).encode())


@dataclass
class Sum:
    """The rounds of one kind together."""

    cpu: float = 0.0
    loads: list[Load] = field(default_factory=list)

    @property
    def all(self) -> Load:
        statuses: dict[int, int] = {}
        for each in self.loads:
            for status, count in each.statuses.items():
                statuses[status] = statuses.get(status, 0) + count
        latencies = [latency for each in self.loads for latency in each.latencies]
        return Load(seconds=sum(each.seconds for each in self.loads), latencies=latencies, statuses=statuses)


async def measure(server: EmbeddedPostgres, folder: Path) -> list[Result]:
    settings = place.settings(server, folder)
    database = Database(server.url, pool_size=2)
    providers = Providers(settings)
    business = await create_business(database, providers=providers, secrets=place.secrets())
    await providers.close()
    await database.close()
    watching = await asyncpg.connect(plain_url(server.owner_url))
    url = f"{settings.public_base_url}/webhooks/simulator/{business.line_id}/inbound"
    port = free_port()
    bare = f"http://127.0.0.1:{port}/"
    env = place.environment(settings)
    carrier = Carrier(url)
    small = itertools.repeat(request("POST", bare, headers={"Content-Type": "application/json"}, body=b"{}"))
    accepted = 0
    results: list[Result] = []

    async def applied() -> bool:
        """The floor is measured when the service is at rest."""
        return bool(await watching.fetchval("SELECT count(*) = $1 FROM messages", accepted))

    async with (
        place.process([place.MESSENGER, "serve"], ready_at=f"{settings.public_base_url}/readyz", env=env) as serving,
        place.process([sys.executable, "-m", "benchmarks.bare", str(port)], ready_at=f"{bare}healthz", env=env) as idle,
    ):

        async def one_round(pid: int, at: str, requests: Iterator[bytes], into: Sum, *, seconds: float) -> Load:
            before = place.cpu_seconds(pid)
            load = await drive(at, requests, connections=connections, seconds=seconds)
            into.cpu += place.cpu_seconds(pid) - before
            into.loads.append(load)
            return load

        for connections in CONNECTIONS:
            floor, reached = Sum(), Sum()
            warm = await one_round(serving, url, carrier.webhooks(), Sum(), seconds=WARM_UP_SECONDS)
            accepted += len(warm.latencies)
            await one_round(idle, bare, small, Sum(), seconds=WARM_UP_SECONDS)
            for _ in range(ROUNDS):
                await eventually(applied, "the journal is applied")
                await watching.execute("ANALYZE")
                await one_round(idle, bare, small, floor, seconds=FLOOR_SECONDS)
                requests = carrier.webhooks()
                accepted += len((await one_round(serving, url, requests, reached, seconds=SECONDS)).latencies)
                if next(requests, None) is None:
                    raise RuntimeError(f"{PREPARED} webhooks were too few for {SECONDS} s.")
            results.append(_result(connections, floor, reached, messages=accepted, disk=place.sync_seconds(folder)))
        await eventually(applied, "everything that was answered 2xx has become a message")
    await watching.close()
    return results


def _result(connections: int, floor: Sum, reached: Sum, *, messages: int, disk: float) -> Result:
    ours, bare = reached.all, floor.all
    if set(ours.statuses) != {200} or set(bare.statuses) != {200}:
        raise RuntimeError(f"Not everything was accepted: {ours.statuses}, floor {bare.statuses}.")
    return Result(
        name=f"P1, {connections} connections",
        value=ours.per_second,
        unit="webhooks/s",
        floor=bare.per_second,
        ratio=ours.per_second / bare.per_second,
        reach=REACH,
        detail={
            "cpu_us_each": round(reached.cpu / len(ours.latencies) * 1e6),
            "floor_cpu_us_each": round(floor.cpu / len(bare.latencies) * 1e6),
            "p50_ms": round(ours.percentile(0.50) * 1000, 1),
            "p99_ms": round(ours.percentile(0.99) * 1000, 1),
            "floor_p99_ms": round(bare.percentile(0.99) * 1000, 1),
            "disk_sync_ms": round(disk * 1000, 2),
            "measured": len(ours.latencies),
            "messages": messages,
            "parents": PARENTS,
        },
    )


@benchmark("P1")
def webhooks() -> Sequence[Result]:
    with place.database() as (server, folder):
        return uvloop.run(measure(server, folder))
