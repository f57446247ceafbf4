"""Files of a message that is sent: uploads move to it, and a retry copies those of the failed message.

The caller has locked the number and the conversation; uploads are locked after them (decision 0006).
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.conversations import attachment_queries as queries
from api.conversations.message_rules import MediaState, SentFile
from api.conversations.models import Message
from api.kit.errors import Conflict, Invalid
from api.kit.ids import new_id

GONE = "This file is no longer there. Add it again."


async def files_to_send(
    session: AsyncSession, principal: Principal, ids: Sequence[UUID], *, retry_of: UUID | None
) -> list[SentFile]:
    """The principal's uploads, locked, in the order of `ids`; of a retry, the files of the failed message.

    Raises `Invalid` if an upload is somebody else's, was sent or has expired, `Conflict` if a file of the failed
    message was erased.
    """
    if retry_of is not None:
        return await _files_again(session, principal.organization_id, retry_of)
    if len(set(ids)) < len(ids):
        raise Invalid([("/attachments", "Name each file once.")])
    uploads = await queries.lock_uploads(session, principal.organization_id, ids, owner_id=principal.id)
    missing = [(f"/attachments/{position}", GONE) for position, each in enumerate(ids) if each not in uploads]
    if missing:
        raise Invalid(missing)
    return [
        SentFile(id=each, content_type=uploads[each].content_type, size=uploads[each].size, source=each) for each in ids
    ]


async def _files_again(session: AsyncSession, organization_id: UUID, message_id: UUID) -> list[SentFile]:
    found = await queries.files_of(session, organization_id, message_id)
    if not found:
        found = await queries.files_of_mass_text(session, organization_id, message_id)
    files: list[SentFile] = []
    for each in found:
        if each.state != MediaState.KEPT or each.content_type is None or each.size is None:
            raise Conflict("A file of this message was erased, so it can't be sent again.")
        files.append(SentFile(id=new_id(), content_type=each.content_type, size=each.size, source=each.id))
    return files


async def keep_files(
    session: AsyncSession, message: Message, files: Sequence[SentFile], *, retry_of: UUID | None
) -> None:
    """Store the content of the files with the message, which is stored already."""
    if not files:
        return
    first = len(message.media) - len(files)
    if retry_of is not None:
        await queries.copy_files(session, message, files, first=first)
    else:
        await queries.move_uploads(session, message, files, first=first)
