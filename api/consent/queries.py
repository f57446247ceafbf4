"""SQL of the consent slice."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from api.consent.models import ConsumerInitiation
from api.consent.rules import Instance, Removal
from api.directory.models import PhoneRecord, Refusal
from api.directory.rules import OptInSource, OptInState, OwnerKind, RefusalCause
from api.directory.service import phone_records_with_owners
from api.kit.bulk import insert_together
from api.kit.ids import new_id


async def instances(
    session: AsyncSession, organization_id: UUID, phone_number_ids: Sequence[UUID]
) -> dict[UUID, list[Instance]]:
    """All phone records for each number, then its standing refusals (OPTIN-REMOVED)."""
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
    for refusal in await standing_refusals(session, organization_id, list(found)):
        found[refusal.phone_number_id].append(
            Instance(
                phone_record_id=None,
                kind=OwnerKind(refusal.kind) if refusal.kind else None,
                owner_id=refusal.owner_id,
                owner_name=refusal.owner_name,
                contact_name=refusal.contact_name,
                state=OptInState.OPTED_OUT,
                changed_at=refusal.changed_at,
                changed_by=refusal.changed_by,
                source=OptInSource(refusal.source) if refusal.source else None,
                archived=False,
                removal=Removal(
                    refusal_id=refusal.id,
                    cause=RefusalCause(refusal.cause),
                    at=refusal.removed_at,
                    by=refusal.removed_by,
                ),
            )
        )
    return found


def _refusals(organization_id: UUID, phone_number_ids: Sequence[UUID]) -> Select[Refusal]:
    """The refusals of these numbers, newest first."""
    return (
        select(Refusal)
        .where(Refusal.organization_id == organization_id, Refusal.phone_number_id.in_(phone_number_ids))
        .order_by(Refusal.removed_at.desc(), Refusal.id.desc())
        .execution_options(populate_existing=True)
    )


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
    session: AsyncSession, organization_id: UUID, pairs: Iterable[tuple[UUID, UUID]]
) -> None:
    """Store that the phone number of each (line, phone number) has texted the line. Stored pairs stay."""
    rows = [
        {"organization_id": organization_id, "id": new_id(), "phone_number_id": phone_number_id, "line_id": line_id}
        for phone_number_id, line_id in sorted({(number_id, line_id) for line_id, number_id in pairs})
    ]
    await insert_together(session, ConsumerInitiation, rows, skip_existing=True)


async def phone_record(session: AsyncSession, organization_id: UUID, phone_record_id: UUID) -> PhoneRecord | None:
    return (
        await session.scalars(
            select(PhoneRecord)
            .where(PhoneRecord.organization_id == organization_id, PhoneRecord.id == phone_record_id)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()


async def is_living(session: AsyncSession, organization_id: UUID, phone_record_id: UUID) -> bool:
    """Whether the record's owner is not archived."""
    rows = await session.execute(phone_records_with_owners(organization_id).where(PhoneRecord.id == phone_record_id))
    return not rows.one().archived


async def standing_refusals(
    session: AsyncSession, organization_id: UUID, phone_number_ids: Sequence[UUID]
) -> Sequence[Refusal]:
    statement = _refusals(organization_id, phone_number_ids).where(Refusal.lifted_at.is_(None))
    return (await session.scalars(statement)).all()


async def newest_refusals(
    session: AsyncSession, organization_id: UUID, phone_number_ids: Sequence[UUID], *, limit: int
) -> Sequence[Refusal]:
    """Standing and lifted refusals, newest first."""
    return (await session.scalars(_refusals(organization_id, phone_number_ids).limit(limit))).all()


async def refusal(
    session: AsyncSession, organization_id: UUID, phone_number_ids: Sequence[UUID], refusal_id: UUID
) -> Refusal | None:
    return (
        await session.scalars(_refusals(organization_id, phone_number_ids).where(Refusal.id == refusal_id))
    ).one_or_none()
