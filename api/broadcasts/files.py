"""Files of a mass text. A draft takes uploads of its writer's; its messages show the same files."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.broadcasts.models import Broadcast
from api.conversations import broadcast_files
from api.conversations.attachments import files_to_send
from api.conversations.message_rules import SentFile
from api.kit.errors import Invalid
from api.kit.ids import new_id


def files_of(row: Broadcast) -> list[SentFile]:
    """As each of its messages sends them."""
    return [
        SentFile(UUID(each["id"]), content_type=each["content_type"], size=each["size"], source=UUID(each["id"]))
        for each in row.files
    ]


async def replace_files(session: AsyncSession, principal: Principal, row: Broadcast, ids: Sequence[UUID]) -> None:
    """A stored draft's files become these: some that it has already, and uploads of the principal's.

    Raises `Invalid` for an upload that is somebody else's, was sent or has expired.
    """
    if len(set(ids)) < len(ids):
        raise Invalid([("/attachments", "Name each file once.")])
    kept = {UUID(each["id"]): each for each in row.files}
    uploads = await files_to_send(session, principal, [each for each in ids if each not in kept], retry_of=None)
    names = await broadcast_files.move_uploads(session, row.organization_id, row.id, [each.id for each in uploads])
    new = {
        each.id: {
            "id": str(each.id),
            "name": names[each.id],
            "content_type": each.content_type,
            "size": each.size,
        }
        for each in uploads
    }
    row.files = [kept[each] if each in kept else new[each] for each in ids]
    await broadcast_files.keep_only(session, row.organization_id, row.id, ids)


async def copy_files(session: AsyncSession, row: Broadcast, source: Broadcast) -> None:
    """A stored draft gets copies of another mass text's files."""
    pairs = [(UUID(each["id"]), new_id()) for each in source.files]
    await broadcast_files.copy_files(session, row.organization_id, row.id, pairs)
    row.files = [{**each, "id": str(copy)} for each, (_, copy) in zip(source.files, pairs, strict=True)]
