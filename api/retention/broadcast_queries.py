"""SQL of erasures in mass texts and saved audiences (ERASE)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.broadcasts.models import Broadcast, BroadcastRecipient
from api.conversations.file_models import BroadcastFile
from api.kit.bulk import is_any


async def lock_naming(session: AsyncSession, organization_id: UUID, numbers: Sequence[str]) -> None:
    """Lock the mass texts whose audience names one of these numbers. Who sends them locks numbers after them too."""
    await session.execute(
        select(Broadcast.id)
        .where(
            Broadcast.organization_id == organization_id,
            Broadcast.audience["numbers"].has_any(bindparam(None, list(numbers), type_=ARRAY(Text()))),
        )
        .order_by(Broadcast.id)
        .with_for_update(key_share=True)
    )


async def delete_files(session: AsyncSession, organization_id: UUID, *, before: datetime) -> int:
    """Delete the files of mass texts that ended so long ago. Returns how many."""
    ended = select(Broadcast.id).where(Broadcast.organization_id == organization_id, Broadcast.finished_at <= before)
    deleted = await session.execute(
        delete(BroadcastFile)
        .where(BroadcastFile.organization_id == organization_id, BroadcastFile.broadcast_id.in_(ended))
        .returning(BroadcastFile.id)
        .execution_options(synchronize_session=False)
    )
    return len(deleted.all())


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
