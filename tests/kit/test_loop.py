"""R7: a loop goes on after any error, and logs an outage of the database once."""

import asyncio

import asyncpg
import pytest
import structlog
from structlog.testing import LogCapture

from api.kit import loop as loops


async def test_R7_an_outage_is_logged_once_and_again_after_the_database_was_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The loggers of the tests let only errors through.
    capture = LogCapture()
    monkeypatch.setattr(
        loops, "log", structlog.wrap_logger(None, processors=[capture], wrapper_class=structlog.BoundLogger)
    )
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

    loop = loops.Loop("test", step, interval=0.001)
    loop.start()
    await ended.wait()
    await loop.stop()
    assert [entry["event"] for entry in capture.entries] == [
        "worker.database_unavailable",
        "worker.database_unavailable",
        "worker.step_failed",
        "worker.step_failed",
        "worker.database_unavailable",
    ]
