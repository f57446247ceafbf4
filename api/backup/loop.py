"""Opening the outbox after a restore, one organization at a time, in a worker.

    1. What waited in the backup becomes `unknown`: it may have been sent since.
    2. Each line's texts since the backup are fetched from its provider and applied, so that a STOP takes effect.
    3. Each unknown outcome is reconciled once. Those whose fate the provider cannot tell stay `unknown`.
    4. The outbox is released.

A line whose provider neither lists received texts nor refuses stopped numbers itself keeps its organization held,
until an operator runs `messenger release-outbox`.
"""

import time
from dataclasses import dataclass
from uuid import UUID

import structlog

from api.delivery import holds
from api.delivery.holds import OpenHold
from api.inbound import backfill
from api.inbound.backfill import DueLine
from api.kit.database import Database
from api.kit.loop import POLL_SECONDS, Loop
from api.kit.secrets import SecretBox, UnreadableSecretError
from api.lines.service import line_settings
from api.providers.port import ListsReceived
from api.providers.registry import Providers

MAX_RETRY_SECONDS = 60.0
SAY_EVERY_SECONDS = 60.0

log = structlog.get_logger(__name__)


@dataclass
class _Tries:
    """Backfills of a line that did not get far enough."""

    count: int = 0
    next_at: float = 0.0

    def failed(self) -> None:
        self.next_at = time.monotonic() + min(2.0**self.count, MAX_RETRY_SECONDS)
        self.count += 1


class ReleaseLoop:
    """Brings held organizations to their release. It does nothing while none is held."""

    def __init__(self, database: Database, providers: Providers, secrets: SecretBox) -> None:
        self._database = database
        self._providers = providers
        self._secrets = secrets
        self._tries: dict[UUID, _Tries] = {}
        self._said: dict[UUID, tuple[str, float]] = {}
        self._loop = Loop("release-outbox", self._step, interval=POLL_SECONDS)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.cancel()

    async def _step(self) -> bool:
        async with self._database.transaction() as session:
            held = await holds.open_holds(session)
        for each in held:
            try:
                await self._advance(each)
            except Exception:  # One organization's error must not keep the others held.
                log.exception("backup.release_failed", organization_id=str(each.organization_id))
        if not held:
            self._tries.clear()
            self._said.clear()
        return False

    async def _advance(self, held: OpenHold) -> None:
        organization_id = held.organization_id
        await holds.lose_restored(self._database, organization_id)
        if held.backfilled_at is None:
            waits_for = await self._backfill(held)
            if waits_for is not None:
                self._say(organization_id, waits_for)
                return
            async with self._database.transaction() as session:
                if await backfill.has_unapplied(session, organization_id):
                    return
                await holds.begin_reconciliation(session, organization_id)
        async with self._database.transaction() as session:
            left = await holds.unreconciled(session, organization_id)
            if not left:
                await holds.release(session, organization_id)
        if left:
            self._say(organization_id, f"{left} texts are not reconciled yet")

    async def _backfill(self, held: OpenHold) -> str | None:
        """Fetch the texts that came before the hold. Returns what is still missing, if anything is."""
        missing: str | None = None
        for due in await backfill.lines_to_complete(self._database, held.organization_id):
            if due.complete_until is not None and due.complete_until >= held.held_at:
                continue
            provider = self._providers.get(due.line.provider)
            if isinstance(provider, ListsReceived):
                missing = f"line {due.line.id}: {await self._fetch(due)}"
            elif line_settings(due.line).answers_keywords:
                missing = (
                    f"line {due.line.id}: its provider has no list of received texts and does not refuse numbers that"
                    " texted STOP. Run `messenger release-outbox` when you know of none"
                )
        return missing

    async def _fetch(self, due: DueLine) -> str:
        """Fetch a line's texts. Returns why they may not be complete yet; the next step looks again."""
        tries = self._tries.setdefault(due.line.id, _Tries())
        if time.monotonic() < tries.next_at:
            return "its texts since the backup are not fetched yet"
        tries.failed()
        try:
            await backfill.backfill_line(
                self._database, due, providers=self._providers, secrets=self._secrets, reach=backfill.AFTER_RESTORE
            )
        except UnreadableSecretError:
            return "its credentials cannot be read, so that its texts since the backup are not fetched"
        return "its texts since the backup are being fetched"

    def _say(self, organization_id: UUID, waits_for: str) -> None:
        """Log what an organization waits for: when it changes, and every minute."""
        now = time.monotonic()
        said, at = self._said.get(organization_id, ("", 0.0))
        if said != waits_for or now - at > SAY_EVERY_SECONDS:
            self._said[organization_id] = (waits_for, now)
            log.warning("backup.outbox_is_held", organization_id=str(organization_id), waits_for=waits_for)
