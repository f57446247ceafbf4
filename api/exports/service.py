"""Asking for exports, seeing them and reading their files (EXPORT)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.errors import PermissionRequired
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.consent.service import require_phone_number
from api.conversations.service import require_conversation
from api.exports import queries
from api.exports.models import Export
from api.exports.queries import ExportRow
from api.exports.rules import (
    CHANNEL,
    MAX_KEPT_BYTES,
    MAX_UNFINISHED,
    ExportFormat,
    ExportKind,
    ExportState,
    NewExport,
    file_name,
    range_problems,
)
from api.kit.database import Database, database_time, notify
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.ids import new_id
from api.kit.phone import is_erased
from api.kit.times import rfc3339
from api.lines.service import require_line

ERASED = "A number that it may hold was erased, so its file was deleted. Export again what you need."
DELETED = "Its file was deleted."


async def create_export(session: AsyncSession, principal: Principal, new: NewExport) -> ExportRow:
    """Ask for an export; a worker writes it.

    Raises `PermissionRequired` unless an administrator asks for a number or a range, `NotFound` if the conversation,
    number or line is not in this organization, `Invalid`, and `Conflict` while too many exports wait or are kept.
    """
    organization_id = principal.organization_id
    _require_may(principal, new.kind)
    now = await database_time(session)
    if problems := range_problems(new, now=now):
        raise Invalid(problems)
    phone_number_id, phone_number = await _number(session, organization_id, new)
    if new.conversation_id is not None:
        phone_number = (await require_conversation(session, organization_id, new.conversation_id)).number.number
    if new.line_id is not None:
        await require_line(session, organization_id, new.line_id)
    # The lock also makes the counts exact.
    await audit.lock_organization_chain(session, organization_id)
    await _require_capacity(session, organization_id)
    job = Export(
        organization_id=organization_id,
        id=new_id(),
        kind=new.kind.value,
        format=new.format.value,
        conversation_id=new.conversation_id,
        phone_number_id=phone_number_id,
        since=new.since,
        until=new.until,
        line_id=new.line_id,
        state=ExportState.QUEUED.value,
        chunks=0,
        done=0,
        size=0,
        created_by_id=principal.id,
        created_by={**principal.actor.as_json(), "credential_id": str(principal.credential_id)},
        created_at=now,
    )
    session.add(job)
    await session.flush()
    await _record(session, principal, Action.EXPORT_CREATED, ExportRow(job, phone_number))
    notify(session, CHANNEL, {"organization_id": str(organization_id)})
    return ExportRow(job, phone_number)


def _require_may(principal: Principal, kind: ExportKind) -> None:
    if kind is not ExportKind.CONVERSATION and not principal.is_admin:
        raise PermissionRequired(None)


async def _number(session: AsyncSession, organization_id: UUID, new: NewExport) -> tuple[UUID | None, str | None]:
    if new.phone_number is None:
        return None, None
    number = await require_phone_number(session, organization_id, new.phone_number)
    return number.id, number.number


async def _require_capacity(session: AsyncSession, organization_id: UUID) -> None:
    if await queries.count_unfinished(session, organization_id) >= MAX_UNFINISHED:
        raise Conflict(f"{MAX_UNFINISHED} exports of this business are not done yet. Try again when one has ended.")
    if await queries.kept_bytes(session, organization_id) >= MAX_KEPT_BYTES:
        raise Conflict("The files of earlier exports take 10 GB. Delete some of them first.")


async def _record(session: AsyncSession, principal: Principal, action: Action, row: ExportRow, **more: object) -> None:
    job = row.job
    details = {
        "export_id": str(job.id),
        "kind": job.kind,
        "format": job.format,
        "from": rfc3339(job.since),
        "to": rfc3339(job.until) if job.kind == ExportKind.RANGE else None,
        "exported_conversation_id": str(job.conversation_id) if job.conversation_id else None,
        "line_id": str(job.line_id) if job.line_id else None,
        **more,
    }
    given = {name: value for name, value in details.items() if value is not None}
    number = None if row.phone_number is None or is_erased(row.phone_number) else row.phone_number
    await audit.record(
        session, job.organization_id, NewEntry(action, principal.actor, phone_number=number, details=given)
    )


async def list_exports(
    session: AsyncSession,
    principal: Principal,
    *,
    conversation_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ExportRow]:
    """Newest first: an administrator's are all, anybody else's their own of conversations.

    Raises `NotFound` if the conversation is not in this organization.
    """
    if conversation_id is not None:
        await require_conversation(session, principal.organization_id, conversation_id)
    return await queries.export_rows(
        session,
        principal.organization_id,
        created_by=None if principal.is_admin else principal.id,
        kinds=list(ExportKind) if principal.is_admin else [ExportKind.CONVERSATION],
        conversation_id=conversation_id,
        before=before,
        limit=limit,
    )


async def require_export(session: AsyncSession, principal: Principal, export_id: UUID) -> ExportRow:
    """Raises `NotFound`, also for an export that this principal may not see."""
    row = await queries.export_row(session, principal.organization_id, export_id)
    if row is None or not _may_see(principal, row.job):
        raise NotFound("There is no such export.")
    return row


def _may_see(principal: Principal, job: Export) -> bool:
    return principal.is_admin or (job.created_by_id == principal.id and job.kind == ExportKind.CONVERSATION)


async def delete_export(session: AsyncSession, principal: Principal, export_id: UUID) -> ExportRow:
    """Stop it, or delete its file; a worker does the rest. Nothing happens if it has no file. Raises `NotFound`."""
    await require_export(session, principal, export_id)
    job = await queries.lock_export(session, principal.organization_id, export_id)
    row = await require_export(session, principal, export_id)
    if job is None or job.state in {ExportState.FAILED, ExportState.EXPIRED}:
        return row
    job.state, job.error, job.place = ExportState.EXPIRED.value, DELETED, None
    job.finished_at = job.finished_at or await database_time(session)
    await session.flush()
    await _record(session, principal, Action.EXPORT_DELETED, row)
    return row


@dataclass(frozen=True)
class ExportFile:
    """The file of an export that is done."""

    organization_id: UUID
    export_id: UUID
    format: ExportFormat
    name: str
    size: int
    sha256: bytes

    @property
    def etag(self) -> str:
        return f'"{self.sha256.hex()}"'


async def require_file(session: AsyncSession, principal: Principal, export_id: UUID) -> ExportFile:
    """Raises `NotFound`, also if its file was deleted, and `Conflict` while it is not done."""
    job = (await require_export(session, principal, export_id)).job
    if job.state == ExportState.EXPIRED:
        raise NotFound("The file of this export was deleted.")
    if job.state != ExportState.DONE:
        raise Conflict("This export failed." if job.state == ExportState.FAILED else "This export is not done yet.")
    assert job.sha256 is not None
    organization = await access.organization(session, principal.organization_id)
    at = job.created_at.astimezone(ZoneInfo(organization.timezone))
    kind, form = ExportKind(job.kind), ExportFormat(job.format)
    name = file_name(kind, form, slug=organization.slug, at=at)
    return ExportFile(job.organization_id, job.id, form, name, job.size, job.sha256)


async def record_download(
    session: AsyncSession, principal: Principal, export_id: UUID, *, first: int, last: int
) -> None:
    """Write the entry of a download of these bytes, in the caller's transaction."""
    row = await require_export(session, principal, export_id)
    await _record(session, principal, Action.EXPORT_DOWNLOADED, row, first_byte=first, last_byte=last)


async def content(database: Database, file: ExportFile, *, first: int, last: int) -> AsyncIterator[bytes]:
    """These bytes of the file, chunk by chunk. No transaction is open while the client reads.

    Raises `NotFound` if the file is deleted meanwhile: the answer then ends early.
    """
    at = first
    while at <= last:
        async with database.transaction() as session:
            chunk = await queries.chunk_with_byte(session, file.organization_id, file.export_id, at)
        if chunk is None:
            raise NotFound("The file of this export was deleted.")
        part = chunk.content[at - chunk.start : last + 1 - chunk.start]
        yield part
        at += len(part)


async def expire_holding(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID], phone_number_ids: Sequence[UUID]
) -> int:
    """Delete the files that may hold what is being erased: those of these conversations and numbers, and all of ranges.

    Returns how many.
    """
    return await queries.expire_holding(
        session,
        organization_id,
        conversation_ids=conversation_ids,
        phone_number_ids=phone_number_ids,
        error=ERASED,
    )
