"""Lines by id, opened, remembered for a moment: every webhook needs one."""

import asyncio
import time
from dataclasses import dataclass
from uuid import UUID

from api.kit.database import Database
from api.kit.secrets import SecretBox
from api.lines import queries
from api.lines.service import open_line
from api.providers.port import LineAccess

LIFETIME_SECONDS = 2.0
"""How long changed credentials may take to be noticed."""

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

    def known(self, line_id: UUID) -> OpenLine | None:
        """The line, if it is remembered."""
        known = self._lines.get(line_id)
        return known[1] if known is not None and known[0] > time.monotonic() else None

    async def get(self, line_id: UUID) -> OpenLine | None:
        """The line, whichever organization's; None where there is none. Raises what the database raised.

        Those who ask while it is being loaded wait for the one answer: a busy line costs one query at a time.
        """
        if (known := self.known(line_id)) is not None:
            return known
        loading = self._loading.get(line_id)
        if loading is None:
            loading = self._loading[line_id] = asyncio.create_task(self._load(line_id))
            loading.add_done_callback(lambda _: self._loading.pop(line_id, None))
        # One who gives up waiting must not take the answer from the others.
        return await asyncio.shield(loading)

    async def _load(self, line_id: UUID) -> OpenLine | None:
        asked_at = time.monotonic()
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
        if len(self._lines) >= MAX_LINES:
            self._lines.clear()
        self._lines[line_id] = (asked_at + LIFETIME_SECONDS, opened)
        return opened
