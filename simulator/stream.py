"""Server-Sent Events for the page of handsets."""

import asyncio
import json
from collections.abc import AsyncIterator

_QUEUE = 500
_KEEP_ALIVE = 15.0


class Hub:
    """Hands every event to every open page. A page that falls behind is told to read everything again."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[bytes]] = set()

    @property
    def watched(self) -> bool:
        return bool(self._queues)

    def publish(self, event: str, data: object) -> None:
        if not self._queues:
            return
        frame = _frame(event, data)
        for queue in self._queues:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(_frame("resync", {}))
            queue.put_nowait(frame)

    async def listen(self, closing: asyncio.Event) -> AsyncIterator[bytes]:
        """Frames for one page, until it goes away or the carrier stops."""
        queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUE)
        self._queues.add(queue)
        stopped = asyncio.ensure_future(closing.wait())
        arrival: asyncio.Future[bytes] | None = None
        try:
            yield b"retry: 1000\n\n" + _frame("hello", {})
            while not closing.is_set():
                arrival = asyncio.ensure_future(queue.get())
                await asyncio.wait({arrival, stopped}, timeout=_KEEP_ALIVE, return_when=asyncio.FIRST_COMPLETED)
                if arrival.done():
                    yield arrival.result()
                else:
                    arrival.cancel()
                    if not closing.is_set():
                        yield b": still here\n\n"
        finally:
            stopped.cancel()
            if arrival is not None:
                arrival.cancel()
            self._queues.discard(queue)


def _frame(event: str, data: object) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data)}\n\n".encode()
