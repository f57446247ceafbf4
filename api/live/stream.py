"""One open event stream."""

import asyncio
from collections import deque
from collections.abc import Sequence
from time import monotonic
from uuid import UUID

from api.access.rules import Principal
from api.events.rules import RESYNC
from api.live.events import Content, Event

MAX_QUEUED = 200
"""Events that may wait in a stream. One more replaces them all with a `resync`."""

RESYNC_EVENT = Event.of(Content(RESYNC, {}))

START_SECONDS = 10.0
"""A stream that has not started after this time has no reader."""


class Stream:
    """Its queue is bounded; on overflow it holds one `resync` instead."""

    def __init__(self, principal: Principal, *, last_event_id: str | None = None) -> None:
        self.principal = principal
        self.last_event_id = last_event_id
        """The id after which the client wants to go on."""
        self._mark: UUID | None = None
        self._said: UUID | None = None
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
            events = [RESYNC_EVENT]
        self._queue.extend(events)
        self._wake.set()

    def push_resync(self) -> None:
        self._queue.clear()
        self.push([RESYNC_EVENT])

    def mark(self, event_id: UUID) -> None:
        """Everything up to this event of the log has been pushed, or replaced by a `resync`."""
        self._mark = event_id

    def encoded(self, batch: Sequence[Event], *, up_to: UUID | None = None) -> bytes:
        """The next events as they leave. The last one has the id of the last mark, or `up_to`; those before it have the
        id of the mark before: a client that goes on after an id misses nothing."""
        person = self.principal.id
        last = up_to or self._mark or self._said
        heads = [_head(self._said)] * (len(batch) - 1) + [_head(last)]
        self._said = last
        return b"".join(head + event.encoded_for(person) for head, event in zip(heads, batch, strict=True))

    def start_at(self, event_id: UUID | None) -> None:
        """Everything up to this event is told otherwise."""
        self._said = event_id

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


def _head(event_id: UUID | None) -> bytes:
    return f"id: {event_id}\n".encode() if event_id is not None else b""
