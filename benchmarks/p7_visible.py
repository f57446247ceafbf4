"""P7: webhook in → visible in an open browser: one API process, one worker, one Chromium with a thread open.

Signed webhooks come one at a time, in turn from the parent whose thread is open and from others. The clock runs from
the first byte of the webhook until the browser has painted the text inside its window: in the thread, or in the row of
its conversation. Both clocks are in `p7_visible.mjs`. Value and limit stand where others have value and floor.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlencode

import httpx
import uvloop

from api.access.dependencies import SESSION_COOKIE
from api.embedded_postgres.run import EmbeddedPostgres
from api.kit.database import Database
from api.providers.registry import Providers
from api.providers.twilio.receive import signature
from benchmarks import place
from benchmarks.harness import Result, benchmark
from tests.support.business import AUTH_TOKEN, LINE_NUMBER, Business, create_business
from tests.support.stack import eventually

PROJECT = Path(__file__).parent.parent
LIMIT_MS = 300.0
WARM_UP = 10
TEXTS = 220
PARENTS = 12
"""As many rows as the window shows."""
LONGEST_RUN_SECONDS = 170


class Webhook(TypedDict):
    words: str
    inThread: bool
    headers: dict[str, str]
    body: str


def webhook(url: str, number: int) -> Webhook:
    """A text of the open thread if `number` is even, else of another parent."""
    parent = 0 if number % 2 == 0 else 1 + number // 2 % (PARENTS - 1)
    words = f"Is the class on today? ({number})"
    fields = {
        "MessageSid": f"SM{number:032}",
        "From": f"+1312{5500000 + parent:07}",
        "To": LINE_NUMBER,
        "Body": words,
        "NumMedia": "0",
    }
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature(AUTH_TOKEN, url, list(fields.items())),
    }
    return {"words": words, "inThread": parent == 0, "headers": headers, "body": urlencode(fields)}


async def measure(server: EmbeddedPostgres, folder: Path) -> list[float]:
    """Milliseconds of each text, sorted."""
    settings = place.settings(server, folder)
    providers = Providers(settings)
    async with Database(server.url, pool_size=2) as database:
        business = await create_business(database, providers=providers, secrets=place.secrets())
    await providers.close()
    url = f"{settings.public_base_url}/webhooks/simulator/{business.line_id}/inbound"
    env = place.environment(settings)
    ready = f"{settings.public_base_url}/readyz"
    async with place.process([place.MESSENGER, "serve"], ready_at=ready, env=env):
        with place.running([place.MESSENGER, "worker"], env=env):
            opened = await _first_text(settings.public_base_url, url, business)
            work = {
                "page": f"{settings.public_base_url}/messenger/{opened}",
                "cookie": {"name": SESSION_COOKIE, "value": business.tokens["maria"], "url": settings.public_base_url},
                "url": url,
                "warmUp": WARM_UP,
                "webhooks": [webhook(url, number) for number in range(2, 2 + WARM_UP + TEXTS)],
            }
            taken = _in_browser(work)
    if len(taken) != TEXTS:
        raise RuntimeError(f"{len(taken)} of {TEXTS} texts were seen.")
    return sorted(taken)


async def _first_text(base_url: str, url: str, business: Business) -> str:
    """The id of the conversation that is opened."""
    cookies = {SESSION_COOKIE: business.tokens["maria"]}
    async with httpx.AsyncClient(base_url=base_url, cookies=cookies) as client:
        first = webhook(url, 0)
        answer = await client.post(url, content=first["body"], headers=first["headers"])
        answer.raise_for_status()
        found: list[str] = []

        async def is_there() -> bool:
            found[:] = [each["id"] for each in (await client.get("/api/v1/conversations")).json()["items"]]
            return bool(found)

        await eventually(is_there, "the first text is there")
    return found[0]


def _in_browser(work: Mapping[str, object]) -> list[float]:
    # Node is in the folder of Python, as the set-up puts it.
    command = [str(Path(place.PYTHON).with_name("node")), str(Path(__file__).with_suffix(".mjs"))]
    ran = subprocess.run(
        command, input=json.dumps(work), stdout=subprocess.PIPE, text=True, check=True, timeout=LONGEST_RUN_SECONDS
    )
    return [float(each) for each in json.loads(ran.stdout)]


@benchmark("P7")
def visible() -> Sequence[Result]:
    if not (PROJECT / "frontend/dist/index.html").exists():
        raise RuntimeError("P7 needs the built app: make build.")
    with place.database() as (server, folder):
        taken = uvloop.run(measure(server, folder))
    p99 = taken[int(len(taken) * 0.99)]
    detail = {"p50_ms": round(taken[len(taken) // 2], 1), "most_ms": round(taken[-1], 1), "texts": TEXTS}
    return [Result("P7, webhook to painted, p99", p99, "ms", LIMIT_MS, LIMIT_MS / p99, 1.0, detail)]
