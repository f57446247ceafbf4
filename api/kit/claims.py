"""Claims in work: rows that a worker has leased, each with its task."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Generic, TypeVar

import structlog

Claim = TypeVar("Claim")

log = structlog.get_logger(__name__)


class Claims(Generic[Claim]):
    """Works at claims, each in a task of its own. `done` is called when one has ended.

    What fails stays leased until its lease ends, and is claimed again. `name` is that of the work in the log,
    beside the fields that `about` gives of the claim.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Claim], Awaitable[None]],
        *,
        release: Callable[[Claim], Awaitable[None]],
        done: Callable[[], None],
        about: Callable[[Claim], Mapping[str, str]],
    ) -> None:
        self._name = name
        self._work = work
        self._release = release
        self._done = done
        self._about = about
        self._in_flight: dict[asyncio.Task[None], Claim] = {}

    def __len__(self) -> int:
        return len(self._in_flight)

    def __iter__(self) -> Iterator[Claim]:
        return iter(self._in_flight.values())

    def start(self, claim: Claim) -> None:
        task = asyncio.create_task(self._work_at(claim))
        self._in_flight[task] = claim
        task.add_done_callback(self._ended)

    async def stop(self, *, within: float = 0.0) -> None:
        """Claims have `within` seconds to end. The others are cancelled and their leases released."""
        unfinished = dict(self._in_flight)
        if unfinished:
            await asyncio.wait(unfinished, timeout=within)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        for task, claim in unfinished.items():
            if task.cancelled():
                try:
                    await self._release(claim)
                except Exception as error:  # Its lease ends by itself; the other claims are still to be released.
                    log.warning(
                        "worker.claim_not_released", work=self._name, error=type(error).__name__, **self._about(claim)
                    )

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._in_flight[task]
        self._done()

    async def _work_at(self, claim: Claim) -> None:
        try:
            await self._work(claim)
        except Exception:
            log.exception("worker.claim_failed", work=self._name, **self._about(claim))
