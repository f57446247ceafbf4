"""How many people may sign in at once: a few are served, some wait, the rest are told to try again.

Sign-ins are anonymous and expensive. The gate is passed before anything else is done for one, so a flood of them costs
neither database connections nor processor time.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from api.access.errors import GateFull
from api.access.passwords import HASHES_AT_ONCE

WAITING = 32
"""Who may wait of each kind. One sign-in takes about a tenth of a second."""

WAITING_PER_SOURCE = 16
"""Of one address, so that a single one does not take every place. An office may share an address."""

WAITING_PER_DEVICE = 2
WAIT_SECONDS = 10.0


@dataclass
class _Queue:
    per_source: int
    waiting: deque[tuple[str, asyncio.Future[None]]] = field(default_factory=deque)
    by_source: Counter[str] = field(default_factory=Counter)

    def join(self, source: str) -> asyncio.Future[None]:
        if len(self.waiting) >= WAITING or self.by_source[source] >= self.per_source:
            raise GateFull
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((source, turn))
        self.by_source[source] += 1
        return turn

    def next(self) -> asyncio.Future[None] | None:
        """The first who is still waiting."""
        while self.waiting:
            source, turn = self.waiting.popleft()
            self.by_source -= Counter([source])
            if not turn.done():
                return turn
        return None


class SignInGate:
    """Known devices wait in a queue of their own, which is served first: a flood of strangers does not delay them."""

    def __init__(self) -> None:
        self._free = HASHES_AT_ONCE
        self._devices = _Queue(WAITING_PER_DEVICE)
        self._strangers = _Queue(WAITING_PER_SOURCE)

    @asynccontextmanager
    async def turn(self, *, address: str, device: str | None) -> AsyncIterator[None]:
        """Wait for a turn and hold it. `device` is the id of a known device. Raises `GateFull`."""
        if self._free > 0:
            self._free -= 1
        else:
            queue, source = (self._strangers, address) if device is None else (self._devices, device)
            await self._wait(queue.join(source))
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, turn: asyncio.Future[None]) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                try:
                    await turn
                except asyncio.CancelledError:
                    if turn.done() and not turn.cancelled():
                        # It came in the moment of giving up: the next one has it.
                        self._pass_on()
                    raise
        except TimeoutError:
            raise GateFull from None

    def _pass_on(self) -> None:
        turn = self._devices.next() or self._strangers.next()
        if turn is None:
            self._free += 1
        else:
            turn.set_result(None)
