"""Backfill: fetching texts from the provider's list that no webhook brought (decision 0012)."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.inbound import backfill_queries as queries
from api.inbound.queries import JournalRow, add_to_journal
from api.inbound.rules import EventSource
from api.kit.database import Database, database_time
from api.kit.secrets import SecretBox
from api.lines.models import Line
from api.lines.service import open_line
from api.providers.port import CannotTell, ListedMessage, ListsReceived, WebhookEvent
from api.providers.registry import Providers

MAX_AT_ONCE = 8
"""Lines of one organization that a worker takes at a time."""

GRACE = timedelta(minutes=2)
"""How long a webhook may be on its way, its retry included. Younger messages are not backfilled."""

OVERLAP = timedelta(hours=1)
"""How far each backfill reaches back into the time before the last one: a provider's list may be late too."""

FURTHEST = timedelta(days=7)
"""How far a backfill reaches back after a long standstill."""

LIST_DELAY = timedelta(seconds=3)
"""How late a provider's list may be, and how far its clock may be off, where a webhook is not waited for."""

log = structlog.get_logger(__name__)


class Reach(NamedTuple):
    """Which texts a backfill fetches."""

    grace: timedelta
    """Younger texts are left to their webhooks."""
    complete: timedelta
    """Afterwards every text that is older than this is in the journal."""
    furthest: timedelta | None
    """How far back it reaches. None: as far as the last backfill."""


USUAL = Reach(grace=GRACE, complete=GRACE, furthest=FURTHEST)

AFTER_RESTORE = Reach(grace=timedelta(0), complete=LIST_DELAY, furthest=None)
"""The last backfill was before the backup. Texts wait for this one, so it waits for no webhook."""


class DueLine(NamedTuple):
    """A line that this process has taken, and the time until which its backfill is complete."""

    line: Line
    complete_until: datetime | None


async def take_due_lines(database: Database, organization_id: UUID, *, interval: timedelta) -> list[DueLine]:
    """Take the enabled lines whose backfill is due. No other process takes them within about `interval`.

    The first backfill of a line is due within `interval`, at a random time, so that not all lines are due at once.
    """
    async with database.transaction() as session:
        at = await database_time(session)
        new = await queries.lines_without_backfill(session, organization_id)
        await queries.add_backfills(session, organization_id, {line_id: at + interval * _spread() for line_id in new})
        taken = await queries.lock_due_backfills(session, organization_id, limit=MAX_AT_ONCE)
        for backfill, _ in taken:
            backfill.due_at = at + interval * (0.9 + 0.2 * _spread())
    return [DueLine(line, backfill.compared_until) for backfill, line in taken]


def _spread() -> float:
    return random.random()  # noqa: S311  # Spreads requests over time; nothing secret.


async def lines_to_complete(database: Database, organization_id: UUID) -> list[DueLine]:
    """The organization's enabled lines, and the time until which the backfill of each is complete."""
    async with database.transaction() as session:
        at = await database_time(session)
        new = await queries.lines_without_backfill(session, organization_id)
        await queries.add_backfills(session, organization_id, dict.fromkeys(new, at))
        found = await queries.enabled_lines(session, organization_id)
    return [DueLine(line, backfill.compared_until) for backfill, line in found]


async def has_unapplied(session: AsyncSession, organization_id: UUID) -> bool:
    """Whether texts that a backfill found wait to be applied. Quarantined ones do not wait."""
    return await queries.has_unapplied(session, organization_id)


async def backfill_line(
    database: Database, due: DueLine, *, providers: Providers, secrets: SecretBox, reach: Reach = USUAL
) -> int:
    """Journal the texts that the provider has received for the line and no webhook has brought. Returns how many.

    Nothing is journaled for a provider without a list of received messages. If a list or a message cannot be read,
    what was read before it is journaled, and the next backfill reaches as far back as this one.
    """
    provider = providers.get(due.line.provider)
    if not isinstance(provider, ListsReceived):
        return 0
    line = due.line
    async with database.transaction() as session:
        now = await database_time(session)
    access = open_line(line, secrets)
    # Texts from before the line was made belong to the number's previous holder.
    since = max(line.created_at, (due.complete_until or line.created_at) - OVERLAP)
    if reach.furthest is not None:
        since = max(since, now - reach.furthest)
    listed = await provider.list_received(access, since=since)
    if isinstance(listed, CannotTell):
        log.warning("inbound.backfill_failed", line_id=str(line.id), error=listed.detail)
        return 0
    async with database.transaction() as session:
        missing = await queries.not_arrived(session, line, [each for each in listed if each.at <= now - reach.grace])
    events: list[WebhookEvent] = []
    for each in sorted(missing, key=_when):
        event = await provider.received_event(access, each)
        if isinstance(event, CannotTell):
            log.warning("inbound.backfill_failed", line_id=str(line.id), error=event.detail)
            return await _journal(database, line, events, complete_until=None)
        events.append(event)
    return await _journal(database, line, events, complete_until=now - reach.complete)


def _when(listed: ListedMessage) -> datetime:
    return listed.at


async def _journal(
    database: Database, line: Line, events: Sequence[WebhookEvent], *, complete_until: datetime | None
) -> int:
    """Store the events under the ids that their webhooks would have: a late webhook is the same event."""
    rows = [
        JournalRow(
            organization_id=line.organization_id,
            line_id=line.id,
            provider=line.provider,
            event=event,
            message_ref=None,
            source=EventSource.RECONCILIATION,
        )
        for event in events
    ]
    async with database.transaction() as session:
        added = await add_to_journal(session, rows) if rows else 0
        if complete_until is not None:
            await queries.set_complete_until(session, line.organization_id, line.id, until=complete_until)
    if added:
        log.error("inbound.missed", organization_id=str(line.organization_id), line_id=str(line.id), messages=added)
    return added
