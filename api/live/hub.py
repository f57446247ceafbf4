"""The hub of server-sent events: what has changed is read once, and sent to the open streams of its organization."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import UUID

import structlog

from api.access.rules import Permission, Principal
from api.access.service import current_principals
from api.events.rules import RESYNC, Change
from api.events.service import CHANNEL as LOG_CHANNEL
from api.events.service import changes_since, last_event_id
from api.kit.database import Database
from api.kit.database_unavailable import DATABASE_ERRORS
from api.kit.loop import Loop
from api.kit.metrics import RATE_LIMITED
from api.live.bus import Bus
from api.live.errors import TooManyStreams
from api.live.events import Content, Event
from api.live.gathering import READ_SECONDS, READS_AT_ONCE, Gathering, Reader
from api.live.service import CHANNEL, SENDING_STATUS
from api.live.stream import RESYNC_EVENT, Stream

KEEP_ALIVE_SECONDS = 15.0
KEEP_ALIVE = b"event: ping\ndata: {}\n\n"
"""An event, so that a page can tell silence from a dead connection. It has no id: no client resumes from it."""

REAUTHORIZE_SECONDS = 3.0
"""Seconds between two checks of the open streams' principals (PERM-NOW: within five)."""

MAX_MISSED = 2_000
"""Transactions whose changes a stream that reconnects is told one by one."""

LONGEST_RETRY = 2_000
"""Milliseconds. When a process ends, the pages that it served come back spread over this time."""


log = structlog.get_logger(__name__)


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
        self._is_closed = False
        self._streams: dict[UUID, set[Stream]] = {}
        self._gathering = Gathering(
            database, readers, on_read=self._send, on_lost=self._resync, on_mark=self._mark_streams
        )
        self._reauthorizing = Loop("reauthorize-streams", self._reauthorize, interval=REAUTHORIZE_SECONDS)
        self._resuming = asyncio.Semaphore(READS_AT_ONCE)
        bus.subscribe(CHANNEL, self._receive, on_gap=self.resync_all)
        bus.subscribe(LOG_CHANNEL, self._mark, on_gap=lambda: None)

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

    def _receive(self, item: dict[str, Any]) -> None:
        organization_id = UUID(item["organization_id"])
        if organization_id not in self._streams:
            return
        change = {key: value for key, value in item.items() if key != "organization_id"}
        event_type = change["type"]
        if event_type == RESYNC:
            self._resync(organization_id)
        elif self._gathering.knows(event_type):
            self._gathering.add(organization_id, change)
        else:
            self._send(organization_id, [_content(change)])

    def _mark(self, item: dict[str, Any]) -> None:
        """The transaction of this event has committed. Its notifications were received just before."""
        organization_id = UUID(item["organization_id"])
        if organization_id in self._streams:
            self._gathering.mark(organization_id, UUID(item["id"]))

    def _mark_streams(self, organization_id: UUID, event_id: UUID) -> None:
        for stream in self._streams.get(organization_id, ()):
            stream.mark(event_id)

    def _send(self, organization_id: UUID, contents: Sequence[Content]) -> None:
        events = [Event.of(content) for content in contents]
        for stream in self._streams.get(organization_id, ()):
            stream.push([event for event in events if event.is_for(stream.principal.id)])

    def _resync(self, organization_id: UUID) -> None:
        """What has changed is not sent: every stream of the organization is to load again."""
        self._gathering.drop(organization_id)
        for stream in self._streams.get(organization_id, ()):
            stream.push_resync()

    def broadcast(self, event_type: str, data: dict[str, Any], *, permission: Permission) -> None:
        """Send an event to every open stream whose principal has the permission. It is not in the log."""
        event = Event.of(Content(event_type, data))
        for stream in self._all():
            if permission in stream.principal.permissions:
                stream.push([event])

    def resync_all(self) -> None:
        """Send a `resync` to every stream, since notifications may have been lost."""
        for organization_id in self._streams:
            self._gathering.drop(organization_id)
        for stream in self._all():
            stream.push_resync()

    def open(self, principal: Principal, *, last_event_id: str | None) -> Stream:
        """A stream that begins with what has changed after `last_event_id`. Raises `TooManyStreams`."""
        own = [each for each in self._streams.get(principal.organization_id, ()) if each.principal.id == principal.id]
        for abandoned in [each for each in own if each.is_abandoned]:
            self._discard(abandoned)
            own.remove(abandoned)
        if len(own) >= self._streams_per_person:
            RATE_LIMITED.labels("event_streams").inc()
            raise TooManyStreams(self._streams_per_person)
        stream = Stream(principal, last_event_id=last_event_id)
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
            if missed := await self._missed(stream):
                yield missed
            while not stream.closed:
                batch = await stream.next_batch(KEEP_ALIVE_SECONDS)
                if stream.closed:
                    break
                yield stream.encoded(batch) if batch else KEEP_ALIVE
            if self._is_closed:
                yield f"retry: {secrets.randbelow(LONGEST_RETRY)}\n\n".encode()
        finally:
            self._discard(stream)

    async def _missed(self, stream: Stream) -> bytes:
        """What the stream begins with: what its client has missed. One `resync` if that is not known, or too much.

        It is read after the stream has been registered: whatever commits from now on comes by itself.
        """
        if stream.closed:
            return b""
        try:
            async with asyncio.timeout(READ_SECONDS), self._resuming:
                return await self._resume(stream)
        except DATABASE_ERRORS as error:
            log.warning("live.log_not_read", error=type(error).__name__)
            return b"" if stream.last_event_id is None else stream.encoded([RESYNC_EVENT])

    async def _resume(self, stream: Stream) -> bytes:
        organization_id, given = stream.principal.organization_id, stream.last_event_id
        async with self._database.snapshot() as session:
            if given is None:
                stream.start_at(await last_event_id(session, organization_id))
                return b""
            event_id = _event_id(given)
            found = await changes_since(session, organization_id, event_id, limit=MAX_MISSED) if event_id else None
            if found is None:
                stream.start_at(await last_event_id(session, organization_id))
        if found is None:
            return stream.encoded([RESYNC_EVENT])
        changes, last = found
        stream.start_at(event_id)
        contents = await self._contents(organization_id, changes)
        if contents is None:
            return stream.encoded([RESYNC_EVENT], up_to=last)
        if Permission.MASS_TEXT in stream.principal.permissions:
            contents.append(Content(SENDING_STATUS, {}))
        events = [event for event in map(Event.of, contents) if event.is_for(stream.principal.id)]
        if not events:
            stream.start_at(last)
            return b""
        return stream.encoded(events, up_to=last)

    async def _contents(self, organization_id: UUID, changes: Sequence[Change]) -> list[Content] | None:
        """What changes of the log say now. None if everything has to be loaded again."""
        if any(change["type"] == RESYNC for change in changes):
            return None
        read = await self._gathering.read(
            organization_id, [each for each in changes if self._gathering.knows(each["type"])]
        )
        if read is None:
            return None
        return [*read, *(_content(each) for each in changes if not self._gathering.knows(each["type"]))]

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


def _content(change: Change) -> Content:
    said = {key: value for key, value in change.items() if key not in {"type", "to"}}
    return Content(change["type"], said, to=change.get("to"))


def _event_id(given: str) -> UUID | None:
    """None if it is no id of an event."""
    try:
        return UUID(given)
    except ValueError:
        return None
