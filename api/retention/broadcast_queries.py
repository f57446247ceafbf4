"""SQL of erasures in mass texts and saved audiences (ERASE)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.broadcasts.models import BroadcastRecipient
from api.kit.bulk import is_any


async def forget(
    session: AsyncSession, organization_id: UUID, number_ids: Sequence[UUID], numbers: Sequence[str]
) -> None:
    """Empty what would fill in texts to these numbers, and take them out of audiences that name them one by one."""
    await session.execute(
        update(BroadcastRecipient)
        .where(
            BroadcastRecipient.organization_id == organization_id,
            BroadcastRecipient.phone_number_id == is_any(number_ids),
            BroadcastRecipient.fields.is_not(None),
        )
        .values(fields=None)
        .execution_options(synchronize_session=False)
    )
    for table in ("broadcasts", "audiences"):
        await session.execute(
            text(
                f"UPDATE {table} SET audience = jsonb_set(audience, '{{numbers}}', coalesce("  # noqa: S608  # Our own.
                "(SELECT jsonb_agg(given) FROM jsonb_array_elements_text(audience -> 'numbers') AS given"
                " WHERE given <> ALL (:numbers)), '[]'::jsonb))"
                " WHERE organization_id = :organization_id AND audience -> 'numbers' ?| :numbers"
            ).bindparams(bindparam("organization_id", type_=Uuid()), bindparam("numbers", type_=ARRAY(Text()))),
            {"organization_id": organization_id, "numbers": list(numbers)},
        )
