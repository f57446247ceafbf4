"""One open event stream."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

from api.access.rules import Principal
from api.live.events import Event

MAX_QUEUED = 200
"""Events that may wait in a stream. One more replaces them all with a `resync`."""

START_SECONDS = 10.0
"""A stream that has not started after this time has no reader."""


class Stream:
    """Its queue is bounded; on overflow it holds one `resync` instead."""

    def __init__(self, principal: Principal, *, new_resync: Callable[[], Event]) -> None:
        self.principal = principal
        self._new_resync = new_resync
        self._queue: deque[Event] = deque()
        self._wake = asyncio.Event()
        self.closed = False
        self.has_started = False
        self._opened_at = monotonic()

    @property
    def is_abandoned(self) -> bool:
        """Whether the client left before the first byte: the stream has no reader, and nothing else closes it."""
        return not self.has_started and monotonic() - self._opened_at > START_SECONDS

    def push(self, events: Sequence[Event]) -> None:
        if len(self._queue) + len(events) > MAX_QUEUED:
            # The `resync` covers what is dropped and what comes now.
            self._queue.clear()
            events = [self._new_resync()]
        self._queue.extend(events)
        self._wake.set()

    def push_resync(self) -> None:
        self._queue.clear()
        self.push([self._new_resync()])

    def close(self) -> None:
        self.closed = True
        self._wake.set()

    async def next_batch(self, timeout_seconds: float) -> list[Event]:
        """The waiting events; an empty list if none came for `timeout_seconds`."""
        if not self._queue and not self.closed:
            try:
                await asyncio.wait_for(self._wake.wait(), timeout_seconds)
            except TimeoutError:
                return []
        self._wake.clear()
        batch = list(self._queue)
        self._queue.clear()
        return batch
