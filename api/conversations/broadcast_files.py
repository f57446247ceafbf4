"""Files of mass texts: each is stored once, and every message of the mass text shows it.

The caller has locked the mass text; uploads are locked after it.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Integer, Uuid, column, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.file_models import BroadcastFile, Upload
from api.kit.bulk import is_any, uuids

QUIET = {"synchronize_session": False}

COLUMNS = ("organization_id", "broadcast_id", "id", "position", "name", "content_type", "size", "content", "sha256")


async def move_uploads(
    session: AsyncSession, organization_id: UUID, broadcast_id: UUID, upload_ids: Sequence[UUID]
) -> dict[UUID, str]:
    """Make these locked uploads files of the mass text, under the same ids. Returns their names.

    The content never leaves the database.
    """
    if not upload_ids:
        return {}
    of_these = (Upload.organization_id == organization_id, Upload.id == is_any(upload_ids))
    rows = select(
        literal(organization_id, Uuid),
        literal(broadcast_id, Uuid),
        Upload.id,
        literal(0),
        Upload.name,
        Upload.content_type,
        Upload.size,
        Upload.content,
        Upload.sha256,
    ).where(*of_these)
    stored = insert(BroadcastFile).from_select(COLUMNS, rows, include_defaults=False)
    names = await session.execute(stored.returning(BroadcastFile.id, BroadcastFile.name))
    found = {row[0]: row[1] for row in names}
    await session.execute(delete(Upload).where(*of_these).execution_options(**QUIET))
    return found


async def copy_files(
    session: AsyncSession, organization_id: UUID, broadcast_id: UUID, files: Sequence[tuple[UUID, UUID]]
) -> None:
    """Give the mass text copies of another one's files: pairs of its file's id and the copy's."""
    if not files:
        return
    given = (
        func.unnest(uuids(source for source, _ in files), uuids(new for _, new in files))
        .table_valued(column("source_id", Uuid), column("new_id", Uuid), with_ordinality="nth", name="given")
        .render_derived()
    )
    rows = select(
        literal(organization_id, Uuid),
        literal(broadcast_id, Uuid),
        given.c.new_id,
        given.c.nth.cast(Integer) - 1,
        BroadcastFile.name,
        BroadcastFile.content_type,
        BroadcastFile.size,
        BroadcastFile.content,
        BroadcastFile.sha256,
    ).where(BroadcastFile.organization_id == organization_id, BroadcastFile.id == given.c.source_id)
    await session.execute(insert(BroadcastFile).from_select(COLUMNS, rows, include_defaults=False))


async def keep_only(session: AsyncSession, organization_id: UUID, broadcast_id: UUID, file_ids: Sequence[UUID]) -> None:
    """Delete the mass text's other files, and give these the places in which they are named."""
    given = (
        func.unnest(uuids(file_ids))
        .table_valued(column("id", Uuid), with_ordinality="nth", name="given")
        .render_derived()
    )
    await session.execute(
        update(BroadcastFile)
        .where(BroadcastFile.organization_id == organization_id, BroadcastFile.id == given.c.id)
        .values(position=given.c.nth - 1)
        .execution_options(**QUIET)
    )
    await session.execute(
        delete(BroadcastFile)
        .where(
            BroadcastFile.organization_id == organization_id,
            BroadcastFile.broadcast_id == broadcast_id,
            BroadcastFile.id.not_in(file_ids),
        )
        .execution_options(**QUIET)
    )
