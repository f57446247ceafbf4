"""R7: a loop goes on after any error, and logs an outage of the database once."""

import asyncio

import asyncpg
import structlog
from structlog.testing import LogCapture

from api.kit.loop import Loop


async def test_R7_an_outage_is_logged_once_and_again_after_the_database_was_back() -> None:
    outage, broken = asyncpg.CannotConnectNowError(), ValueError("ours")
    turns: list[Exception | None] = [outage, outage, None, outage, broken, broken, outage]
    ended = asyncio.Event()

    async def step() -> bool:
        if not turns:
            ended.set()
            return False
        error = turns.pop(0)
        if error is not None:
            raise error
        return True

    loop = Loop("test", step, interval=0.001)
    capture = LogCapture()
    configured = structlog.get_config()
    structlog.configure(processors=[capture], wrapper_class=structlog.BoundLogger)
    try:
        loop.start()
        await ended.wait()
        await loop.stop()
    finally:
        structlog.configure(**configured)
    assert [entry["event"] for entry in capture.entries] == [
        "worker.database_unavailable",
        "worker.database_unavailable",
        "worker.step_failed",
        "worker.step_failed",
        "worker.database_unavailable",
    ]
