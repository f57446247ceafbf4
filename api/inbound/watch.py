"""Watching lines: what never arrived is fetched from the provider's own list, and a line gone silent is reported."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from api.access import queries as access
from api.inbound import watch_queries as queries
from api.inbound.queries import JournalRow, add_to_journal
from api.inbound.rules import HISTORY, EventSource, silent_since
from api.kit.database import Database, database_time
from api.kit.secrets import SecretBox
from api.lines import service as lines
from api.lines.models import Line
from api.lines.service import open_line
from api.providers.port import CannotTell, ListedMessage, ListsReceived, WebhookEvent
from api.providers.registry import Providers

MAX_AT_ONCE = 8
"""Lines of one organization that a worker takes at a time."""

GRACE = timedelta(minutes=2)
"""How long a webhook may be on its way, its retry included, before its message counts as missed."""

OVERLAP = timedelta(hours=1)
"""How far back what was compared already is compared again: a provider's list may be late too."""

FURTHEST = timedelta(days=7)
"""How far back a comparison goes after a long standstill."""

log = structlog.get_logger(__name__)


class WatchedLine(NamedTuple):
    """A line that this process has taken, and how far it has been compared."""

    line: Line
    compared_until: datetime | None


async def take_due_lines(database: Database, organization_id: UUID, *, interval: timedelta) -> list[WatchedLine]:
    """Lines in service whose time has come; nobody else takes them within about `interval`.

    A line seen for the first time gets its turn within the interval, so that not all of them are asked about at once.
    """
    async with database.transaction() as session:
        at = await database_time(session)
        new = await queries.unwatched_lines(session, organization_id)
        await queries.add_watches(session, organization_id, {line_id: at + interval * _spread() for line_id in new})
        taken = await queries.lock_due_watches(session, organization_id, limit=MAX_AT_ONCE)
        for watch, _ in taken:
            watch.due_at = at + interval * (0.9 + 0.2 * _spread())
    return [WatchedLine(line, watch.compared_until) for watch, line in taken]


def _spread() -> float:
    return random.random()  # noqa: S311  # Keeps lines from being asked about all at once; nothing secret.


async def watch_line(database: Database, watched: WatchedLine, *, providers: Providers, secrets: SecretBox) -> int:
    """Returns how many messages were found that no webhook had brought."""
    provider = providers.get(watched.line.provider)
    found = 0
    if isinstance(provider, ListsReceived):
        found = await _compare(database, watched, provider, secrets=secrets)
    await _note_silence(database, watched.line)
    return found


async def _compare(database: Database, watched: WatchedLine, provider: ListsReceived, *, secrets: SecretBox) -> int:
    line = watched.line
    async with database.transaction() as session:
        now = await database_time(session)
    access_to_line = open_line(line, secrets)
    # What came before the line was ours is not ours.
    since = max(line.created_at, now - FURTHEST, (watched.compared_until or line.created_at) - OVERLAP)
    listed = await provider.list_received(access_to_line, since=since)
    if isinstance(listed, CannotTell):
        log.warning("inbound.comparison_failed", line_id=str(line.id), error=listed.detail)
        return 0
    async with database.transaction() as session:
        missing = await queries.not_arrived(session, line, [each for each in listed if each.at <= now - GRACE])
    events: list[WebhookEvent] = []
    for each in sorted(missing, key=_when):
        event = await provider.received_event(access_to_line, each)
        if isinstance(event, CannotTell):
            log.warning("inbound.comparison_failed", line_id=str(line.id), error=event.detail)
            return await _journal(database, line, events, compared_until=None)
        events.append(event)
    return await _journal(database, line, events, compared_until=now - GRACE)


def _when(listed: ListedMessage) -> datetime:
    return listed.at


async def _journal(
    database: Database, line: Line, events: Sequence[WebhookEvent], *, compared_until: datetime | None
) -> int:
    """As if they had come. One whose webhook arrives meanwhile is that event."""
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
        if compared_until is not None:
            await queries.mark_compared(session, line.organization_id, line.id, until=compared_until)
    if added:
        log.error("inbound.missed", organization_id=str(line.organization_id), line_id=str(line.id), messages=added)
    return added


async def _note_silence(database: Database, line: Line) -> None:
    async with database.transaction() as session:
        now = await database_time(session)
        organization = await access.organization(session, line.organization_id)
        arrivals = await queries.arrivals(session, line.organization_id, line.id, since=now - 2 * HISTORY)
        silent = None
        if arrivals.last is not None:
            silent = silent_since(
                arrivals.hours,
                last=arrivals.last,
                known_since=line.created_at,
                now=now,
                zone=ZoneInfo(organization.timezone),
            )
        if silent == line.silent_since:
            return
        await lines.set_silent_since(session, line.organization_id, line.id, silent)
    known = {"organization_id": str(line.organization_id), "line_id": str(line.id)}
    if silent is None:
        log.info("inbound.line_heard_again", **known)
    else:
        log.error("inbound.line_silent", since=silent.isoformat(), **known)
