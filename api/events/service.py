"""Writing and reading the event log (HOOK).

Events are collected in the session. The last statement before the commit writes them, so the order of their positions
is the order of the commits, and whoever has read up to a position has missed nothing before it (decision 0051).
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.rules import NewEntry
from api.events import queries
from api.events.models import Event
from api.events.queries import last_position as last_position
from api.events.queries import position_of as position_of
from api.events.rules import PUBLIC, EventType, NewEvent, event_of
from api.kit.database import before_commit, notify

CHANNEL = "messenger_event_log"
"""The NOTIFY channel of the log. A payload is a JSON array of {organization_id, id}: the last event of a commit."""

_PENDING = "events"


def record_event(session: AsyncSession, organization_id: UUID, event: NewEvent) -> None:
    """Write the event with the commit of the caller's transaction."""
    pending: list[tuple[UUID, NewEvent]] = session.info.setdefault(_PENDING, [])
    if not pending:
        before_commit(session, _write)
    pending.append((organization_id, event))


def record_entries(session: AsyncSession, organization_id: UUID, entries: Sequence[NewEntry]) -> None:
    """Write the events that these audit entries are. Call it where they are written."""
    for entry in entries:
        if (event := event_of(entry)) is not None:
            record_event(session, organization_id, event)


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


async def _write(session: AsyncSession) -> None:
    by_organization: dict[UUID, list[NewEvent]] = {}
    for organization_id, event in session.info.pop(_PENDING, []):
        by_organization.setdefault(organization_id, []).append(event)
    for organization_id, events in sorted(by_organization.items()):
        ids = await queries.append(session, organization_id, events)
        notify(session, CHANNEL, {"organization_id": str(organization_id), "id": str(ids[-1])})
