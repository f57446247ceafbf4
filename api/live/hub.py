"""The hub of server-sent events: what has changed is read once, and sent to the open streams of its organization."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from time import monotonic
from typing import Any
from uuid import UUID

from api.access.rules import Permission, Principal
from api.access.service import current_principals
from api.kit.database import Database
from api.kit.loop import Loop
from api.kit.metrics import RATE_LIMITED
from api.live.bus import Bus
from api.live.errors import TooManyStreams
from api.live.events import REMEMBERED_SECONDS, RESYNC, Content, Event, RecentEvents
from api.live.gathering import Gathering, Reader
from api.live.service import CHANNEL, PASSING
from api.live.stream import Stream

KEEP_ALIVE_SECONDS = 15.0
KEEP_ALIVE = b"event: ping\ndata: {}\n\n"
"""An event, so that a page can tell silence from a dead connection. It has no id: no client resumes from it."""

REAUTHORIZE_SECONDS = 3.0
"""Seconds between two checks of the open streams' principals (PERM-NOW: within five)."""

LONGEST_RETRY = 2_000
"""Milliseconds. When a process ends, the pages that it served come back spread over this time."""


class Hub:
    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        readers: Sequence[Reader],
        streams_per_person: int,
        on_streams: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`readers` read what events carry; an event of another type is sent as it was announced.

        `on_streams` is called with the number of open streams when it changes.
        """
        self._database = database
        self._on_streams = on_streams
        self._streams_per_person = streams_per_person
        self._boot = secrets.token_hex(4)
        self._is_closed = False
        self._count = 0
        self._streams: dict[UUID, set[Stream]] = {}
        self._left: dict[UUID, float] = {}
        """When the last stream of an organization ended, while one may come back for what it missed."""
        self._recent = RecentEvents()
        self._gathering = Gathering(database, readers, on_read=self._send, on_lost=self._resync)
        self._reauthorizing = Loop("reauthorize-streams", self._reauthorize, interval=REAUTHORIZE_SECONDS)
        bus.subscribe(CHANNEL, self._receive, on_gap=self.resync_all)

    def start(self) -> None:
        self._reauthorizing.start()

    async def stop(self) -> None:
        await self._reauthorizing.cancel()
        await self._gathering.stop()
        self.close_all()

    def close_all(self) -> None:
        """Ends every stream, and from now on each new one after its first bytes: its page then comes back elsewhere."""
        self._is_closed = True
        for stream in self._all():
            stream.close()

    def _all(self) -> list[Stream]:
        return [stream for group in self._streams.values() for stream in group]

    def _event(self, content: Content) -> Event:
        self._count += 1
        return Event.of(self._count, f"{self._boot}-{self._count}", content)

    def _resync_event(self) -> Event:
        return self._event(Content(RESYNC, {}))

    def _receive(self, item: dict[str, Any]) -> None:
        organization_id = UUID(item["organization_id"])
        if organization_id not in self._streams and organization_id not in self._left:
            self._recent.break_off(organization_id, self._count)
            return
        change = {key: value for key, value in item.items() if key != "organization_id"}
        event_type = change["type"]
        if event_type == RESYNC:
            self._resync(organization_id)
        elif self._gathering.knows(event_type):
            self._gathering.add(organization_id, change)
        else:
            self._send(organization_id, [Content(event_type, _said(change), to=change.get("to"))])

    def _send(self, organization_id: UUID, contents: Sequence[Content]) -> None:
        events = [self._event(content) for content in contents]
        self._recent.add(organization_id, (event for event in events if event.type not in PASSING))
        for stream in self._streams.get(organization_id, ()):
            stream.push([event for event in events if event.is_for(stream.principal.id)])

    def _resync(self, organization_id: UUID) -> None:
        """What has changed is not sent: every stream of the organization is to load again."""
        self._gathering.drop(organization_id)
        self._recent.break_off(organization_id, self._count)
        for stream in self._streams.get(organization_id, ()):
            stream.push_resync()

    def broadcast(self, event_type: str, data: dict[str, Any], *, permission: Permission) -> None:
        """Send an event to every open stream whose principal has the permission. It is not kept for resuming."""
        event = self._event(Content(event_type, data))
        for stream in self._all():
            if permission in stream.principal.permissions:
                stream.push([event])

    def resync_all(self) -> None:
        """Send a `resync` to every stream, since events may have been lost. No stream resumes from an earlier event."""
        self._recent.clear()
        for organization_id in self._streams:
            self._gathering.drop(organization_id)
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
        stream = Stream(principal, new_resync=self._resync_event)
        if last_event_id is not None:
            missed = self._recent.after(principal.organization_id, last_event_id)
            if missed is None:
                stream.push_resync()
            else:
                stream.push([event for event in missed if event.is_for(principal.id)])
        if self._is_closed:
            stream.close()
        self._streams.setdefault(principal.organization_id, set()).add(stream)
        self._left.pop(principal.organization_id, None)
        self._on_streams(self.open_streams)
        return stream

    def _discard(self, stream: Stream) -> None:
        group = self._streams.get(stream.principal.organization_id)
        if group is not None:
            group.discard(stream)
            if not group:
                del self._streams[stream.principal.organization_id]
                self._left[stream.principal.organization_id] = monotonic()
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
                person = stream.principal.id
                yield b"".join(event.encoded_for(person) for event in batch) if batch else KEEP_ALIVE
            if self._is_closed:
                yield f"retry: {secrets.randbelow(LONGEST_RETRY)}\n\n".encode()
        finally:
            self._discard(stream)

    async def _reauthorize(self) -> bool:
        """Close the streams whose principal may no longer read (PERM-NOW)."""
        self._forget_what_is_old()
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

    def _forget_what_is_old(self) -> None:
        self._recent.trim()
        oldest = monotonic() - REMEMBERED_SECONDS
        self._left = {organization_id: at for organization_id, at in self._left.items() if at >= oldest}

    @property
    def open_streams(self) -> int:
        return sum(len(group) for group in self._streams.values())


def _said(change: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in change.items() if key not in {"type", "to"}}
