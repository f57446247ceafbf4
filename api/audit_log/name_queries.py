"""SQL of the names that the log shows beside ids."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import ApiKey, StaffMember
from api.directory.models import Family, PhoneRecord, Refusal
from api.directory.service import phone_records_with_owners
from api.kit.bulk import is_any

NAMED = (("family", Family), ("staff_member", StaffMember), ("api_key", ApiKey))
"""The kinds of rows that an entry's details name by `<kind>_id`."""


async def names(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """(kind, name) of the families, staff members and API keys among these ids."""
    found: dict[UUID, tuple[str, str]] = {}
    if ids:
        for kind, model in NAMED:
            rows = await session.execute(
                select(model.id, model.name).where(model.organization_id == organization_id, model.id == is_any(ids))
            )
            found |= {row[0]: (kind, row[1]) for row in rows}
    return found


class Owner(NamedTuple):
    kind: str
    id: UUID
    name: str
    contact_name: str | None


async def record_owners(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Owner]:
    """The owners of these phone records."""
    if not ids:
        return {}
    rows = await session.execute(phone_records_with_owners(organization_id).where(PhoneRecord.id == is_any(ids)))
    return {row[0].id: Owner(row[1], row[2], row[3], row[4]) for row in rows}


async def refusals(session: AsyncSession, organization_id: UUID, phone_number_ids: Sequence[UUID]) -> list[Refusal]:
    """Refusals that outlived their records: they say who held the numbers. The newest first."""
    if not phone_number_ids:
        return []
    rows = await session.scalars(
        select(Refusal)
        .where(Refusal.organization_id == organization_id, Refusal.phone_number_id == is_any(phone_number_ids))
        .order_by(Refusal.removed_at.desc(), Refusal.id)
    )
    return list(rows)
