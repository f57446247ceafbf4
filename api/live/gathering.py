"""Gathering: changes that come at about the same time are read once, in one snapshot, and sent together.

A notification carries ids. The readers of the slices read what these name, for each organization with an open stream in
this process. The changes of `GATHER_SECONDS` share one read. Those that come while it runs wait for the next.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.events.rules import MAX_CHANGES
from api.events.rules import Change as Change
from api.kit.database import Database
from api.kit.database_unavailable import is_database_unavailable
from api.live.events import Content

GATHER_SECONDS = 0.025

MAX_GATHERED = MAX_CHANGES
"""Changes of one read."""

READS_AT_ONCE = 2
"""Organizations whose changes are read at the same time: requests need the database's connections too."""

READ_SECONDS = 5.0
"""A read that takes longer has failed."""

PAUSE_AFTER_FAILURE_SECONDS = 1.0

log = structlog.get_logger(__name__)


class TooMuch(Exception):
    """The changes concern more rows than events are worth."""


class Reader(Protocol):
    """Reads what changes of some types concern. Raises `TooMuch` rather than to read without bounds."""

    types: frozenset[str]

    async def __call__(
        self, session: AsyncSession, organization_id: UUID, changes: Sequence[Change]
    ) -> Sequence[Content]: ...


class Gathering:
    def __init__(
        self,
        database: Database,
        readers: Sequence[Reader],
        *,
        on_read: Callable[[UUID, Sequence[Content]], None],
        on_lost: Callable[[UUID], None],
        on_mark: Callable[[UUID, UUID], None],
    ) -> None:
        """`on_lost` is called instead of `on_read` if the changes were too many or could not be read. `on_mark` gets
        the organization and the event of the log up to which everything was read.
        """
        self._database = database
        self._readers = {event_type: reader for reader in readers for event_type in reader.types}
        self._on_read = on_read
        self._on_lost = on_lost
        self._on_mark = on_mark
        self._marks: dict[UUID, UUID] = {}
        self._waiting: dict[UUID, dict[tuple[object, ...], Change]] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._reads = asyncio.Semaphore(READS_AT_ONCE)

    def knows(self, event_type: str) -> bool:
        return event_type in self._readers

    def add(self, organization_id: UUID, change: Change) -> None:
        waiting = self._waiting.setdefault(organization_id, {})
        if len(waiting) <= MAX_GATHERED:
            waiting[tuple(sorted(change.items()))] = change
        if organization_id not in self._tasks:
            self._tasks[organization_id] = asyncio.create_task(self._run(organization_id), name="read-live-changes")

    def mark(self, organization_id: UUID, event_id: UUID) -> None:
        """Every change up to this event of the log has been added."""
        if organization_id in self._tasks:
            self._marks[organization_id] = event_id
        else:
            self._on_mark(organization_id, event_id)

    def drop(self, organization_id: UUID) -> None:
        """Forget what waits: a `resync` is sent instead."""
        self._waiting.pop(organization_id, None)

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, organization_id: UUID) -> None:
        try:
            while organization_id in self._waiting or organization_id in self._marks:
                await asyncio.sleep(GATHER_SECONDS)
                async with self._reads:
                    is_read = await self._read_waiting(organization_id)
                if not is_read:
                    await asyncio.sleep(PAUSE_AFTER_FAILURE_SECONDS)
        finally:
            # Nothing is awaited since the last look at what waits.
            del self._tasks[organization_id]

    async def _read_waiting(self, organization_id: UUID) -> bool:
        """Returns whether the changes could be read."""
        changes = list(self._waiting.pop(organization_id, {}).values())
        mark = self._marks.pop(organization_id, None)
        contents = await self.read(organization_id, changes)
        if contents is None:
            self._on_lost(organization_id)
        else:
            self._on_read(organization_id, contents)
        if mark is not None:
            self._on_mark(organization_id, mark)
        return contents is not None

    async def read(self, organization_id: UUID, changes: Sequence[Change]) -> Sequence[Content] | None:
        """What the changes concern. None if they are too many, or cannot be read."""
        if len(changes) > MAX_GATHERED:
            return None
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await self._read(organization_id, changes)
        except TooMuch:
            return None
        except Exception as error:  # Whatever it is, the streams must hear that something has changed.
            if is_database_unavailable(error) or isinstance(error, TimeoutError):
                log.warning("live.changes_not_read", error=type(error).__name__)
            else:
                log.exception("live.changes_not_read")
            return None

    async def _read(self, organization_id: UUID, changes: Sequence[Change]) -> list[Content]:
        by_reader: dict[Reader, list[Change]] = {}
        for change in changes:
            by_reader.setdefault(self._readers[change["type"]], []).append(change)
        contents: list[Content] = []
        if by_reader:
            async with self._database.snapshot() as session:
                for reader, own in by_reader.items():
                    contents += await reader(session, organization_id, own)
        return contents
