"""Writing and reading the event log (HOOK).

Events are collected in the session. The last statement before the commit writes them, so the order of their positions
is the order of the commits, and whoever has read up to a position has missed nothing before it (decision 0051).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.errors import PermissionRequired
from api.access.rules import Principal
from api.audit.rules import NewEntry
from api.events import queries
from api.events.errors import EventExpired
from api.events.models import Event
from api.events.queries import erase_numbers as erase_numbers
from api.events.queries import last_event_id as last_event_id
from api.events.queries import last_position as last_position
from api.events.queries import position_of as position_of
from api.events.rules import (
    KEEP_LIVE,
    PUBLIC,
    Change,
    EventType,
    NewEvent,
    distinct,
    event_of,
    listed_types,
    live_changed,
)
from api.kit.database import before_commit, database_time, notify

CHANNEL = "messenger_event_log"
"""The NOTIFY channel of the log. A payload is a JSON array of {organization_id, id}: the last event of a commit."""

_PENDING, _CHANGES = "events", "event_changes"


def record_events(session: AsyncSession, organization_id: UUID, events: Iterable[NewEvent]) -> None:
    """Write the events, in this order, with the commit of the caller's transaction."""
    _collect(session, _PENDING, [(organization_id, event) for event in events])


def record_event(session: AsyncSession, organization_id: UUID, event: NewEvent) -> None:
    record_events(session, organization_id, [event])


def record_change(session: AsyncSession, organization_id: UUID, change: Change) -> None:
    """Keep what the live stream tells, for streams that reconnect: all changes of a transaction are one event."""
    _collect(session, _CHANGES, [(organization_id, change)])


def _collect(session: AsyncSession, name: str, new: Sequence[tuple[UUID, NewEvent | Change]]) -> None:
    if new and not session.info.get(_PENDING) and not session.info.get(_CHANGES):
        before_commit(session, _write)
    session.info.setdefault(name, []).extend(new)


def record_entries(session: AsyncSession, organization_id: UUID, entries: Iterable[NewEntry]) -> None:
    """Write the events that these audit entries are. Call it where they are written."""
    events = [event for entry in entries if (event := event_of(entry)) is not None]
    record_events(session, organization_id, events)


async def events_after(
    session: AsyncSession,
    organization_id: UUID,
    position: int,
    *,
    types: Collection[EventType] = PUBLIC,
    limit: int,
) -> Sequence[Event]:
    """At most `limit` events after this position, in their order. 0 is before the first."""
    return await queries.after(session, organization_id, position, types=types, limit=limit)


async def changes_since(
    session: AsyncSession, organization_id: UUID, event_id: UUID, *, limit: int
) -> tuple[Sequence[Change], UUID] | None:
    """What live streams were told after this event, each change once, and the id of the last event.

    None if it is not known: the event is too old or not in the log, or there were more than `limit` transactions.
    """
    event = await queries.event(session, organization_id, event_id)
    if event is None or event.created_at < await database_time(session) - KEEP_LIVE:
        return None
    types = {EventType.LIVE_CHANGED}
    rows = await queries.after(session, organization_id, event.position, types=types, limit=limit + 1)
    if len(rows) > limit:
        return None
    changes = distinct(change for row in rows for change in row.data["changes"])
    return changes, rows[-1].id if rows else event_id


async def list_events(
    session: AsyncSession,
    principal: Principal,
    *,
    after: UUID | Literal["latest"] | None,
    types: Collection[EventType],
    limit: int,
) -> Sequence[Event]:
    """Events that the principal may see, in their order: of `types`, or all. `latest`: the newest one alone.

    Raises `PermissionRequired`, and `EventExpired` if the log does not hold the event `after`.
    """
    organization_id = principal.organization_id
    visible, missing = listed_types(types, principal.permissions)
    if missing is not None:
        raise PermissionRequired(missing)
    if after == "latest":
        newest = await queries.newest(session, organization_id, types=visible)
        return [newest] if newest is not None else []
    event = await queries.event(session, organization_id, after) if after is not None else None
    if after is not None and event is None:
        raise EventExpired
    position = event.position if event is not None else 0
    return await queries.after(session, organization_id, position, types=visible, limit=limit)


async def _write(session: AsyncSession) -> None:
    by_organization: dict[UUID, list[NewEvent]] = {}
    for organization_id, event in session.info.pop(_PENDING, []):
        by_organization.setdefault(organization_id, []).append(event)
    changes: dict[UUID, list[Change]] = {}
    for organization_id, change in session.info.pop(_CHANGES, []):
        changes.setdefault(organization_id, []).append(change)
    for organization_id, own in changes.items():
        by_organization.setdefault(organization_id, []).append(live_changed(own))
    for organization_id, events in sorted(by_organization.items()):
        ids = await queries.append(session, organization_id, events)
        notify(session, CHANNEL, {"organization_id": str(organization_id), "id": str(ids[-1])})
