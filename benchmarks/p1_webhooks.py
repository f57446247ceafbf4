"""P1: webhooks accepted and durable per second, beside the same server answering a bare JSON model.

Signed Twilio form posts, 16 and 64 connections, one API process that also applies what it journals.
"""

import asyncio
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from api.kit.database import Database
from api.kit.embedded_postgres import EmbeddedPostgres
from api.providers.registry import Providers
from api.providers.twilio import signature
from api.settings import Settings
from benchmarks import place
from benchmarks.load import drive, request
from tests.support.business import AUTH_TOKEN, LINE_NUMBER, create_business
from tests.support.stack import free_port

CONNECTIONS = (16, 64)
SECONDS = 8.0
WARM_UP_SECONDS = 1.5
PARENTS = 500
PREPARED = 60_000


def webhooks(url: str) -> Iterator[bytes]:
    """Texts of many parents, each with an id of its own, signed before the clock starts."""

    def one(number: int) -> bytes:
        fields = {
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
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature(AUTH_TOKEN, url, list(fields.items())),
        }
        return request("POST", url, headers=headers, body=urlencode(fields).encode())

    return iter([one(number) for number in range(PREPARED)])


async def measure(server: EmbeddedPostgres, folder: Path) -> dict[str, object]:
    figures: dict[str, object] = {}
    settings = Settings(
        _env_file=None,
        database_url=server.url,
        data_dir=folder,
        port=free_port(),
        simulator_port=free_port(),
        secret_key=place.SECRET_KEY,  # type: ignore[arg-type]  # pydantic makes it a secret.
    )
    database = Database(server.url, pool_size=2)
    providers = Providers(settings)
    business = await create_business(database, providers=providers, secrets=place.secrets())
    await providers.close()
    await database.close()
    url = f"{settings.public_base_url}/webhooks/simulator/{business.line_id}/inbound"
    port = free_port()
    bare = f"http://127.0.0.1:{port}/"
    env = place.environment(settings)
    requests = webhooks(url)
    small = request("POST", bare, headers={"Content-Type": "application/json"}, body=b"{}")
    async with (
        place.process([place.MESSENGER, "serve"], ready_at=f"{settings.public_base_url}/readyz", env=env) as serving,
        place.process([sys.executable, "-m", "benchmarks.bare", str(port)], ready_at=f"{bare}healthz", env=env) as idle,
    ):
        await drive(url, requests, connections=16, seconds=WARM_UP_SECONDS)
        await drive(bare, itertools.repeat(small), connections=16, seconds=WARM_UP_SECONDS)
        for connections in CONNECTIONS:
            before = place.cpu_seconds(idle)
            floor = await drive(bare, itertools.repeat(small), connections=connections, seconds=SECONDS / 2)
            floor_cpu = (place.cpu_seconds(idle) - before) / len(floor.latencies)
            before = place.cpu_seconds(serving)
            reached = await drive(url, requests, connections=connections, seconds=SECONDS)
            cpu = (place.cpu_seconds(serving) - before) / len(reached.latencies)
            if set(reached.statuses) != {200}:
                raise RuntimeError(f"Webhooks were refused: {reached.statuses}.")
            figures[f"{connections} connections"] = {
                "webhooks_per_second": round(reached.per_second),
                "floor_per_second": round(floor.per_second),
                "ratio": round(reached.per_second / floor.per_second, 2),
                "cpu_us": round(cpu * 1e6),
                "floor_cpu_us": round(floor_cpu * 1e6),
                "p50_ms": round(reached.percentile(0.50) * 1000, 1),
                "p99_ms": round(reached.percentile(0.99) * 1000, 1),
            }
    return figures


def main() -> dict[str, object]:
    with place.database() as (server, folder):
        return asyncio.run(measure(server, folder))


if __name__ == "__main__":
    import json

    print(json.dumps(main(), indent=2))
