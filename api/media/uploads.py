"""Files that are uploaded to be sent. They belong to their uploader until a message takes them, and expire in a day.

`conversations.attachments` moves them to a message.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.kit.database import Database, database_time
from api.kit.errors import Conflict, Invalid, NotFound, TooLarge, UnsupportedMediaType
from api.kit.ids import new_id
from api.media import upload_queries as queries
from api.media.models import Upload
from api.media.pictures import NotMade, PictureMaker
from api.media.rules import KINDS
from api.media.upload_rules import (
    KEEP_UNSENT,
    MAX_UNSENT,
    MAX_UNSENT_OF_ORGANIZATION,
    NotSendable,
    Picture,
    judge_upload,
    stored_name,
)

BATCH = 200


@dataclass(frozen=True)
class Prepared:
    """A file as it will be sent."""

    content: bytes
    content_type: str
    width: int | None = None
    height: int | None = None


async def prepare(content: bytes, pictures: PictureMaker) -> Prepared:
    """Make the file fit to be sent, with no transaction open: a picture is made anew.

    Raises `UnsupportedMediaType`, `TooLarge` or `Invalid` with words for the front desk.
    """
    match judge_upload(content):
        case NotSendable(words=words, is_too_large=True):
            raise TooLarge(words)
        case NotSendable(words=words):
            raise UnsupportedMediaType(words)
        case Picture(kind=kind):
            made = await pictures.make(content, kind)
            if isinstance(made, NotMade):
                raise Invalid([("/file", made.words)])
            return Prepared(made.content, made.content_type, made.width, made.height)
        case file:
            return Prepared(content, file.kind.content_type)


async def require_quota(session: AsyncSession, principal: Principal) -> None:
    """Raises `Conflict` if too many files of the principal, or of its organization, wait to be sent."""
    own, of_all = await queries.count_unsent(session, principal.organization_id, owner_id=principal.id)
    if own >= MAX_UNSENT or of_all >= MAX_UNSENT_OF_ORGANIZATION:
        raise Conflict("Too many files were added and not sent. Send or remove some first.")


async def store(
    session: AsyncSession, principal: Principal, prepared: Prepared, *, name: str, keep: timedelta = KEEP_UNSENT
) -> Upload:
    """Raises `Conflict` if the quota is used up."""
    await require_quota(session, principal)
    at = await database_time(session)
    upload = Upload(
        organization_id=principal.organization_id,
        id=new_id(),
        owner_id=principal.id,
        name=stored_name(name, KINDS[prepared.content_type]),
        content_type=prepared.content_type,
        size=len(prepared.content),
        width=prepared.width,
        height=prepared.height,
        content=prepared.content,
        sha256=hashlib.sha256(prepared.content).digest(),
        created_at=at,
        expires_at=at + keep,
    )
    session.add(upload)
    await session.flush()
    return upload


async def require_upload(session: AsyncSession, principal: Principal, upload_id: UUID) -> Upload:
    """Raises `NotFound` unless the file is the principal's own, is not sent and has not expired."""
    found = await queries.upload(session, principal.organization_id, upload_id, owner_id=principal.id)
    if found is None:
        raise NotFound("There is no such file, or it was sent.")
    return found


async def content(session: AsyncSession, upload: Upload) -> bytes:
    return await queries.content(session, upload.organization_id, upload.id)


async def delete(session: AsyncSession, principal: Principal, upload_id: UUID) -> None:
    """Raises `NotFound` as `require_upload` does."""
    if not await queries.delete(session, principal.organization_id, upload_id, owner_id=principal.id):
        raise NotFound("There is no such file, or it was sent.")


async def delete_expired(database: Database) -> bool:
    """Delete a batch of files that were not sent in time. Returns whether there may be more."""
    async with database.transaction() as session:
        return await queries.delete_expired(session, limit=BATCH) == BATCH
