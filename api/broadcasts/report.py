"""The report of a mass text: its recipients with their states and reasons, as a list and as CSV (MASS-STATES)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.models import Organization
from api.access.rules import Principal
from api.audit.rules import Action
from api.broadcasts import queries
from api.broadcasts.models import Broadcast, BroadcastRecipient
from api.broadcasts.queries import Count, ReportRow
from api.broadcasts.rules import BroadcastState, RecipientState
from api.broadcasts.service import record, require
from api.directory import service as directory
from api.directory.rules import Holder
from api.kit.database import Database, database_time
from api.kit.spreadsheets import BYTE_ORDER_MARK, csv_rows, safe_cell

BATCH = 500

COLUMNS = (
    *("phone_number", "name", "record_kind", "record_id", "record_name", "state", "reason", "error"),
    *("segments", "sent_at", "sent_at_local", "delivered_at", "conversation_id", "message_id"),
)


@dataclass(frozen=True)
class Recipient:
    """A recipient with the names that the front desk knows it by."""

    row: BroadcastRecipient
    number: str | None
    name: str | None
    """Of the contact or staff member that holds the number in the record of the audience."""
    record_name: str | None
    conversation_id: UUID | None
    segments: int | None
    error_title: str | None
    sent_at: datetime | None
    delivered_at: datetime | None


async def counts_of(session: AsyncSession, row: Broadcast) -> list[Count]:
    """As they are now, of a mass text that was confirmed."""
    return await queries.counts(session, row.organization_id, row.id)


async def goes_on_at(session: AsyncSession, row: Broadcast) -> datetime | None:
    """When the next of those that wait may be texted. None if one may be now, none waits, or it is not being sent."""
    if row.state != BroadcastState.SENDING:
        return None
    due = await queries.next_due(session, row.organization_id, row.id)
    return due if due is not None and due > await database_time(session) else None


async def recipients(
    session: AsyncSession,
    principal: Principal,
    broadcast_id: UUID,
    *,
    state: RecipientState | None,
    reason: str | None,
    after: UUID | None,
    limit: int,
) -> list[Recipient]:
    """Raises `NotFound`."""
    row = await require(session, principal, broadcast_id)
    found = await queries.report(
        session, row.organization_id, row.id, state=state, reason=reason, after=after, limit=limit
    )
    return await _named(session, row.organization_id, found)


async def _named(session: AsyncSession, organization_id: UUID, rows: Sequence[ReportRow]) -> list[Recipient]:
    number_ids = {each.recipient.phone_number_id for each in rows if each.recipient.phone_number_id is not None}
    holders = await directory.holders(session, organization_id, list(number_ids))
    owners = await queries.owners(
        session, organization_id, [(each.recipient.owner_kind, each.recipient.owner_id) for each in rows]
    )
    return [
        Recipient(
            row=each.recipient,
            number=each.number,
            name=_name(each.recipient, holders),
            record_name=owners.get(each.recipient.owner_id) if each.recipient.owner_id else None,
            conversation_id=each.conversation_id,
            segments=each.segments,
            error_title=each.error_title,
            sent_at=each.sent_at,
            delivered_at=each.delivered_at,
        )
        for each in rows
    ]


def _name(row: BroadcastRecipient, holders: dict[UUID, list[Holder]]) -> str | None:
    if row.phone_number_id is None:
        return None
    every = holders.get(row.phone_number_id, [])
    own = next((each for each in every if each.id == row.owner_id), every[0] if every else None)
    return None if own is None else own.contact_name or own.name


async def start_export(
    session: AsyncSession, principal: Principal, broadcast_id: UUID
) -> tuple[Broadcast, Organization]:
    """The export has an audit entry, which is written first. Raises `NotFound`."""
    row = await require(session, principal, broadcast_id)
    await record(session, principal.actor, Action.BROADCAST_EXPORTED, row, {})
    return row, await access.organization(session, row.organization_id)


async def export(database: Database, organization_id: UUID, broadcast_id: UUID, zone: ZoneInfo) -> AsyncIterator[bytes]:
    """Every recipient as CSV. Each batch has its own transaction: none is open while the client reads."""
    yield (BYTE_ORDER_MARK + csv_rows([COLUMNS])).encode()
    after: UUID | None = None
    while True:
        async with database.transaction() as session:
            found = await queries.report(session, organization_id, broadcast_id, state=None, after=after, limit=BATCH)
            named = await _named(session, organization_id, found)
        yield csv_rows([safe_cell(value) for value in _cells(each, zone)] for each in named).encode()
        if len(found) < BATCH:
            return
        after = found[-1].recipient.id


def _cells(each: Recipient, zone: ZoneInfo) -> tuple[object, ...]:
    row = each.row
    return (
        *(each.number, each.name, row.owner_kind, row.owner_id, each.record_name, row.state, row.reason),
        *(each.error_title, each.segments, _utc(each.sent_at)),
        each.sent_at.astimezone(zone).isoformat(timespec="seconds") if each.sent_at else None,
        *(_utc(each.delivered_at), each.conversation_id, row.id if each.conversation_id else None),
    )


def _utc(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at is not None else None


def csv_name(organization: Organization, row: Broadcast, zone: ZoneInfo) -> str:
    """The file's name: the organization's slug, and the day on which the mass text was confirmed, in its zone."""
    day = (row.confirmed_at or row.created_at).astimezone(zone).date().isoformat()
    return f"mass-text-{organization.slug}-{day}.csv"
