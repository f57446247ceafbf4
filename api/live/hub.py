"""The hub of server-sent events: it copies each event of the bus to the open streams of its organization."""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

from api.access.rules import Permission, Principal
from api.access.service import current_principals
from api.kit.database import Database
from api.kit.loop import Loop
from api.kit.metrics import RATE_LIMITED
from api.live.bus import Bus
from api.live.errors import TooManyStreams
from api.live.service import CHANNEL

MAX_QUEUED = 200
"""Events that may wait in a stream. One more replaces them all with a `resync`."""

REMEMBERED = 2_000
"""Events kept for streams that reconnect with `Last-Event-ID`."""

KEEP_ALIVE_SECONDS = 15.0
KEEP_ALIVE = b"event: ping\ndata: {}\n\n"
"""An event, so that a page can tell silence from a dead connection. It has no id: no client resumes from it."""

REAUTHORIZE_SECONDS = 3.0
"""Seconds between two checks of the open streams' principals (PERM-NOW: within five)."""

START_SECONDS = 10.0
"""A stream that has not started after this time has no reader."""

RESYNC = "resync"

LONGEST_RETRY = 2_000
"""Milliseconds. When a process ends, the pages that it served come back spread over this time."""


class Event(NamedTuple):
    id: str
    organization_id: str
    type: str
    data: str
    to: str | None = None
    """The staff member to whom alone it is sent."""

    def is_for(self, principal: Principal) -> bool:
        return self.to is None or self.to == str(principal.id)

    def encoded(self) -> bytes:
        return f"id: {self.id}\nevent: {self.type}\ndata: {self.data}\n\n".encode()


class Stream:
    """One open event stream. Its queue is bounded; on overflow it holds one `resync` instead."""

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

    def push(self, event: Event) -> None:
        if len(self._queue) >= MAX_QUEUED:
            self._queue.clear()
            event = self._new_resync()
        self._queue.append(event)
        self._wake.set()

    def push_resync(self) -> None:
        self.push(self._new_resync())

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


class Hub:
    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        streams_per_person: int,
        on_streams: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`on_streams` is called with the number of open streams when it changes."""
        self._database = database
        self._on_streams = on_streams
        self._streams_per_person = streams_per_person
        self._boot = secrets.token_hex(4)
        self._is_closed = False
        self._count = 0
        self._streams: dict[UUID, set[Stream]] = {}
        self._recent: deque[Event] = deque(maxlen=REMEMBERED)
        self._reauthorizing = Loop("reauthorize-streams", self._reauthorize, interval=REAUTHORIZE_SECONDS)
        bus.subscribe(CHANNEL, self._receive, on_gap=self.resync_all)

    def start(self) -> None:
        self._reauthorizing.start()

    async def stop(self) -> None:
        await self._reauthorizing.cancel()
        self.close_all()

    def close_all(self) -> None:
        """Ends every stream, and from now on each new one after its first bytes: its page then comes back elsewhere."""
        self._is_closed = True
        for stream in self._all():
            stream.close()

    def _all(self) -> list[Stream]:
        return [stream for group in self._streams.values() for stream in group]

    def _event(self, organization_id: str, event_type: str, data: dict[str, Any], *, to: str | None = None) -> Event:
        self._count += 1
        return Event(
            f"{self._boot}-{self._count}",
            organization_id,
            event_type,
            json.dumps(data, separators=(",", ":")),
            to,
        )

    def _receive(self, item: dict[str, Any]) -> None:
        data = {key: value for key, value in item.items() if key not in {"type", "organization_id", "to"}}
        event = self._event(item["organization_id"], item["type"], data, to=item.get("to"))
        self._recent.append(event)
        for stream in self._streams.get(UUID(event.organization_id), ()):
            if event.is_for(stream.principal):
                stream.push(event)

    def broadcast(self, event_type: str, data: dict[str, Any], *, permission: Permission) -> None:
        """Send an event to every open stream whose principal has the permission. It is not kept for resuming."""
        for stream in self._all():
            if permission in stream.principal.permissions:
                stream.push(self._event(str(stream.principal.organization_id), event_type, data))

    def resync_all(self) -> None:
        """Send a `resync` to every stream, since events may have been lost. No stream resumes from an earlier event."""
        self._recent.clear()
        for stream in self._all():
            stream.push_resync()

    def open(self, principal: Principal, *, last_event_id: str | None) -> Stream:
        """A stream with the events after `last_event_id`, or a `resync` if that is unknown. Raises `TooManyStreams`."""
        own = [each for each in self._streams.get(principal.organization_id, ()) if each.principal.id == principal.id]
        for abandoned in [each for each in own if each.is_abandoned]:
            self._discard(abandoned)
            own.remove(abandoned)
        if len(own) >= self._streams_per_person:
            RATE_LIMITED.labels("event_streams").inc()
            raise TooManyStreams(self._streams_per_person)
        organization_id = str(principal.organization_id)
        stream = Stream(principal, new_resync=lambda: self._event(organization_id, RESYNC, {}))
        if last_event_id is not None:
            position = next((i for i, event in enumerate(self._recent) if event.id == last_event_id), None)
            if position is None:
                stream.push_resync()
            else:
                for event in list(self._recent)[position + 1 :]:
                    if event.organization_id == organization_id and event.is_for(principal):
                        stream.push(event)
        if self._is_closed:
            stream.close()
        self._streams.setdefault(principal.organization_id, set()).add(stream)
        self._on_streams(self.open_streams)
        return stream

    def _discard(self, stream: Stream) -> None:
        group = self._streams.get(stream.principal.organization_id)
        if group is not None:
            group.discard(stream)
            if not group:
                del self._streams[stream.principal.organization_id]
        self._on_streams(self.open_streams)

    async def body(self, stream: Stream) -> AsyncIterator[bytes]:
        """The bytes of the stream, until the client leaves, the hub stops or the permission is revoked."""
        stream.has_started = True
        try:
            yield b"retry: 1000\n: connected\n\n"
            while not stream.closed:
                batch = await stream.next_batch(KEEP_ALIVE_SECONDS)
                if stream.closed:
                    break
                yield b"".join(event.encoded() for event in batch) if batch else KEEP_ALIVE
            if self._is_closed:
                yield f"retry: {secrets.randbelow(LONGEST_RETRY)}\n\n".encode()
        finally:
            self._discard(stream)

    async def _reauthorize(self) -> bool:
        """Close the streams whose principal may no longer read (PERM-NOW)."""
        if streams := self._all():
            async with self._database.transaction() as session:
                current = await current_principals(session, {stream.principal for stream in streams})
            for stream in streams:
                principal = current[stream.principal]
                if principal is None or Permission.SMS_LOGS not in principal.permissions:
                    stream.close()
                else:
                    stream.principal = principal
        return False

    @property
    def open_streams(self) -> int:
        return sum(len(group) for group in self._streams.values())
