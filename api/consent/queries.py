"""SQL of the consent room."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.consent.models import ConsumerInitiation
from api.consent.rules import Instance
from api.directory.models import PhoneRecord
from api.directory.queries import phone_records_with_owners
from api.directory.rules import OptInSource, OptInState, OwnerKind
from api.kit.ids import new_id


async def instances(
    session: AsyncSession, organization_id: UUID, phone_number_ids: Sequence[UUID]
) -> dict[UUID, list[Instance]]:
    """Every phone record that holds each number: the blocking and the living first is the reader's business."""
    found: dict[UUID, list[Instance]] = {number_id: [] for number_id in phone_number_ids}
    if not found:
        return found
    rows = await session.execute(
        phone_records_with_owners(organization_id)
        .where(PhoneRecord.phone_number_id.in_(list(found)))
        .order_by("kind", "owner_name", PhoneRecord.id)
        .execution_options(populate_existing=True)
    )
    for record, kind, owner_id, owner_name, contact_name, archived in rows:
        found[record.phone_number_id].append(
            Instance(
                phone_record_id=record.id,
                kind=OwnerKind(kind),
                owner_id=owner_id,
                owner_name=owner_name,
                contact_name=contact_name,
                state=OptInState(record.opt_in_state),
                changed_at=record.opt_in_changed_at,
                changed_by=record.opt_in_changed_by,
                source=OptInSource(record.opt_in_source) if record.opt_in_source else None,
                archived=archived,
            )
        )
    return found


async def consumer_initiations(
    session: AsyncSession, organization_id: UUID, pairs: Sequence[tuple[UUID, UUID]]
) -> set[tuple[UUID, UUID]]:
    """Of these (phone number, line) pairs, those where the number has texted the line."""
    if not pairs:
        return set()
    rows = await session.execute(
        select(ConsumerInitiation.phone_number_id, ConsumerInitiation.line_id).where(
            ConsumerInitiation.organization_id == organization_id,
            tuple_(ConsumerInitiation.phone_number_id, ConsumerInitiation.line_id).in_(pairs),
        )
    )
    return {(row[0], row[1]) for row in rows}


async def add_consumer_initiations(
    session: AsyncSession, organization_id: UUID, pairs: Sequence[tuple[UUID, UUID]]
) -> None:
    """Note that these numbers have texted these lines; those noted before stay as they are."""
    if pairs:
        await session.execute(
            upsert(ConsumerInitiation).on_conflict_do_nothing(),
            [
                {
                    "organization_id": organization_id,
                    "id": new_id(),
                    "phone_number_id": phone_number_id,
                    "line_id": line_id,
                }
                for phone_number_id, line_id in pairs
            ],
        )


async def phone_record(session: AsyncSession, organization_id: UUID, phone_record_id: UUID) -> PhoneRecord | None:
    return (
        await session.scalars(
            select(PhoneRecord)
            .where(PhoneRecord.organization_id == organization_id, PhoneRecord.id == phone_record_id)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
