"""R13: 120 anonymous sign-ins at once beside a working business: nobody of it waits or is turned away.

Each stranger comes from an address of its own and names an account of its own, so no counter stops them: only the gate
does.
"""

import asyncio
import time
from statistics import median

import httpx
import pytest

from tests.support import postgres
from tests.support.reliability import FULL, figure, size
from tests.support.stack import Stack

STRANGERS = size(quick=6, full=120)
REQUESTS = size(quick=20, full=400)
SLOWDOWN = 2.0
PAGES = ["/api/v1/conversations", "/api/v1/indicator", "/api/v1/families", "/api/v1/lines"]


@pytest.mark.reliability
@pytest.mark.timeout(300)
async def test_R13_anonymous_sign_ins_do_not_hold_up_a_business(
    clone: postgres.Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("stack")
    async with Stack.running(clone, folder, trusted_proxies="127.0.0.1") as stack, stack.staff("admin") as admin:
        await _work(admin, requests=len(PAGES))
        quiet = await _work(admin, requests=REQUESTS)
        measured = asyncio.Event()
        flood = asyncio.create_task(_flood(stack, until=measured))
        flooded = await _work(admin, requests=REQUESTS)
        measured.set()
        answers = await flood
        again = await _work(admin, requests=REQUESTS)

    calm = median(quiet + again)
    figure(
        "R13",
        strangers=STRANGERS,
        refused_at_once=answers.count(429),
        checked=answers.count(401),
        p50_quiet=f"{calm * 1000:.1f}ms",
        p50_flooded=f"{median(flooded) * 1000:.1f}ms",
        ratio=f"{median(flooded) / calm:.2f}",
    )
    assert set(answers) <= {401, 429}, "a stranger is refused, or told to come back"
    if FULL:
        assert answers.count(429) > 0
        assert median(flooded) <= SLOWDOWN * calm


async def _work(client: httpx.AsyncClient, *, requests: int) -> list[float]:
    """The seconds that each of the business's requests takes. None of them is turned away."""
    took: list[float] = []
    for number in range(requests):
        started = time.perf_counter()
        response = await client.get(PAGES[number % len(PAGES)])
        took.append(time.perf_counter() - started)
        assert response.status_code == 200, response.text
    return took


async def _flood(stack: Stack, *, until: asyncio.Event) -> list[int]:
    """As many strangers at once, again and again. Returns every answer's status."""
    answers: list[int] = []

    async def stranger(number: int) -> None:
        body = {"organization": "no-such-business", "email": f"{number}-{len(answers)}@x.test", "password": "a guess"}
        headers = {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250}"}
        response = await client.post("/api/v1/session", json=body, headers=headers)
        answers.append(response.status_code)

    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=stack.api_url, timeout=60, limits=limits) as client:
        while not until.is_set():
            await asyncio.gather(*(stranger(number) for number in range(STRANGERS)))
    return answers
