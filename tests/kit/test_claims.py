"""Claims in work: what a stop does not let end is released, and one failure keeps nothing else."""

import asyncio

import pytest
import structlog
from structlog.testing import LogCapture

from api.kit import claims as module
from api.kit.claims import Claims


async def test_a_stop_waits_for_claims_and_releases_those_that_have_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = LogCapture()
    # The loggers of the tests let only errors through.
    monkeypatch.setattr(
        module, "log", structlog.wrap_logger(None, processors=[capture], wrapper_class=structlog.BoundLogger)
    )
    released: list[str] = []
    ended: list[str] = []
    woken = asyncio.Event()

    async def work(claim: str) -> None:
        if claim.startswith("broken"):
            raise ValueError(claim)
        await asyncio.sleep(3600 if claim.startswith("endless") else 0.01)
        ended.append(claim)

    async def release(claim: str) -> None:
        released.append(claim)
        if claim == "endless 1":
            raise ConnectionError(claim)

    claims = Claims("test", work, release=release, done=woken.set, about=lambda claim: {"claim": claim})
    claims.start("broken")
    await woken.wait()
    assert list(claims) == []
    for claim in ("endless 1", "short", "endless 2"):
        claims.start(claim)
    assert len(claims) == 3
    await claims.stop(within=0.5)
    assert ended == ["short"]
    assert released == ["endless 1", "endless 2"], "also after a release that failed"
    assert len(claims) == 0
    assert [(entry["event"], entry["claim"]) for entry in capture.entries] == [
        ("worker.claim_failed", "broken"),
        ("worker.claim_not_released", "endless 1"),
    ]
