"""Cache of lines by id, with their credentials in clear: every webhook needs its line.

A change of a line is announced to every API process by NOTIFY (`CHANNEL`), which drops the line from its cache. A
webhook whose signature does not match loads the line again before it is refused, so a new token works from its commit
on. A removed token is refused when the notification arrives; without a connection for it, within `LIFETIME_SECONDS`.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.kit.database import Database
from api.kit.secrets import SecretBox
from api.lines import queries
from api.lines.service import open_line
from api.providers.port import LineAccess

LIFETIME_SECONDS = 2.0
"""The longest that a change goes unnoticed while this process receives no notifications."""

MAX_LINES = 10_000


@dataclass(frozen=True)
class OpenLine:
    organization_id: UUID
    provider: str
    access: LineAccess


class LineCache:
    def __init__(self, database: Database, secrets: SecretBox) -> None:
        self._database = database
        self._secrets = secrets
        self._lines: dict[UUID, tuple[float, OpenLine]] = {}
        self._loading: dict[UUID, asyncio.Task[OpenLine | None]] = {}
        self._forgotten = 0
        """Counts the lines that were forgotten. A load that began before the latest one may be out of date."""

    def known(self, line_id: UUID) -> OpenLine | None:
        """The line, if it is cached."""
        known = self._lines.get(line_id)
        return known[1] if known is not None and known[0] > time.monotonic() else None

    async def get(self, line_id: UUID) -> OpenLine | None:
        """The line of any organization; None if there is none. Raises what the database raised.

        Callers that wait for the same line share one query.
        """
        if (known := self.known(line_id)) is not None:
            return known
        return await self._loaded(line_id)

    async def get_newer(self, line_id: UUID, than: OpenLine) -> OpenLine | None:
        """The line as it is in the database now; None if it equals `than`. Raises what the database raised.

        A running load may have read before the caller's webhook came, so its result is not used. Callers that wait for
        the same line share one further load.
        """
        if (loading := self._loading.get(line_id)) is not None:
            await asyncio.wait([loading])
        newer = await self._loaded(line_id)
        return newer if newer != than else None

    def forget(self, line_id: UUID) -> None:
        self._forgotten += 1
        self._lines.pop(line_id, None)
        self._loading.pop(line_id, None)

    def forget_all(self) -> None:
        """For when notifications may have been lost."""
        self._forgotten += 1
        self._lines.clear()
        self._loading.clear()

    def on_change(self, payload: Mapping[str, Any]) -> None:
        """A notification of `CHANNEL`."""
        self.forget(UUID(payload["line_id"]))

    async def _loaded(self, line_id: UUID) -> OpenLine | None:
        loading = self._loading.get(line_id)
        if loading is None:
            loading = self._loading[line_id] = asyncio.create_task(self._load(line_id))
            loading.add_done_callback(lambda done: self._end(line_id, done))
        # A caller that is cancelled must not cancel the load for the others.
        return await asyncio.shield(loading)

    def _end(self, line_id: UUID, done: asyncio.Task[OpenLine | None]) -> None:
        if self._loading.get(line_id) is done:
            del self._loading[line_id]

    async def _load(self, line_id: UUID) -> OpenLine | None:
        asked_at, forgotten = time.monotonic(), self._forgotten
        async with self._database.transaction() as session:
            line = await queries.line_by_id(session, line_id)
        if line is None:
            self._lines.pop(line_id, None)
            return None
        opened = OpenLine(
            organization_id=line.organization_id,
            provider=line.provider,
            access=open_line(line, self._secrets),
        )
        if forgotten != self._forgotten:
            return opened
        if len(self._lines) >= MAX_LINES:
            self._lines.clear()
        self._lines[line_id] = (asked_at + LIFETIME_SECONDS, opened)
        return opened
