"""Repeated background work: when woken, and at an interval."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import structlog

from api.kit.database_unavailable import is_database_unavailable

POLL_SECONDS = 1.0
"""How often a worker looks for work without being woken."""

log = structlog.get_logger(__name__)


class Loop:
    """Calls `step` when woken and every `interval` seconds. `step` returns whether there is more work."""

    def __init__(self, name: str, step: Callable[[], Awaitable[bool]], *, interval: float) -> None:
        self._name = name
        self._step = step
        self._interval = interval
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._turned_at = time.monotonic()
        self._was_unavailable = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    def is_turning(self, *, within: float) -> bool:
        """Whether a step has ended or failed in the last `within` seconds."""
        return time.monotonic() - self._turned_at <= within

    def wake(self) -> None:
        self._wake.set()

    async def stop(self) -> None:
        """Waits until the running step has finished."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def cancel(self) -> None:
        """Cancels the running step. Only for steps that can be repeated."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                more = await self._step()
                self._was_unavailable = False
            except Exception as error:  # A failed step must not end the loop. The next turn repeats it.
                self._log(error)
                more = False
            self._turned_at = time.monotonic()
            if not more and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._interval)

    def _log(self, error: Exception) -> None:
        """An unavailable database is logged once, not at each turn until it is back."""
        was_unavailable, self._was_unavailable = self._was_unavailable, is_database_unavailable(error)
        if not self._was_unavailable:
            log.error("worker.step_failed", loop=self._name, exc_info=error)
        elif not was_unavailable:
            log.warning("worker.database_unavailable", loop=self._name, error=type(error).__name__)
