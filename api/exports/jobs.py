"""Writing the files of exports: one bounded chunk in a transaction, resumed where a crash left it.

Each step locks the oldest export of an organization, reads its next rows, and commits the chunk together with the place
of the next one. So each row is written once, whoever crashes. No snapshot is held between the steps: a file has every
row that was committed when the export began, as the row was when its chunk was written.
"""

import asyncio
import hashlib
import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.rules import Permission, Principal, PrincipalKind
from api.exports import heads, items, queries, source_queries, writing
from api.exports.models import Export, ExportChunk
from api.exports.rules import (
    KEPT,
    MAX_ATTEMPTS,
    MAX_FILE_BYTES,
    ROWS_KEPT,
    SECTIONS,
    ExportFormat,
    ExportKind,
    ExportState,
    Place,
)
from api.exports.source_queries import Key, Scope
from api.kit.database import Database, database_time
from api.kit.database_unavailable import is_database_unavailable
from api.live.service import announce

ROWS = 400
"""Rows of one chunk."""

CHUNK_TEXT_BYTES = 4_000_000
"""Bytes of texts in one chunk, unless one row alone has more."""

EMPTIED_AT_ONCE = 50
"""Chunks that one transaction deletes."""

FORGOTTEN_AT_ONCE = 500
ANNOUNCED_STEPS = 50
"""Progress is announced in so many steps."""

log = structlog.get_logger(__name__)


async def run_step(database: Database, organization_id: UUID, *, address: str) -> bool:
    """Write the next chunk of the organization's oldest export, or finish it. False if there is nothing to do.

    `address`: of the service, in front of the addresses of files.
    """
    job_id: UUID | None = None
    try:
        async with database.transaction() as session:
            job = await queries.lock_oldest_unfinished(session, organization_id)
            if job is None:
                return False
            job_id = job.id
            if not await _advance(session, job, address=address):
                return True
        await _finish(database, organization_id, job_id)
    except Exception as error:
        if job_id is None or is_database_unavailable(error):
            raise
        log.exception("export.step_failed", export_id=str(job_id))
        await _count_failure(database, organization_id, job_id)
    return True


async def _advance(session: AsyncSession, job: Export, *, address: str) -> bool:
    """Begin the export, or write its next chunk. Returns whether all of its rows were written before."""
    if not await _may_go_on(session, job):
        await _end(session, job, ExportState.FAILED, error="The person or API key that asked for it may not any more.")
        return False
    if job.size > MAX_FILE_BYTES:
        await _end(session, job, ExportState.FAILED, error="It is larger than 1 GB. Export a shorter time range.")
        return False
    if job.state == ExportState.QUEUED:
        await _begin(session, job, address=address)
        return False
    if job.place is None:
        return True
    await _write_chunk(session, job, Place.stored(job.place), address=address)
    return False


async def _may_go_on(session: AsyncSession, job: Export) -> bool:
    """Its author's permissions of now (PERM-NOW)."""
    author = await access.principal_now(
        session,
        Principal(
            kind=PrincipalKind(job.created_by["kind"]),
            organization_id=job.organization_id,
            id=UUID(job.created_by["id"]),
            name=job.created_by["name"],
            permissions=frozenset(),
            is_admin=False,
            credential_id=UUID(job.created_by["credential_id"]),
        ),
    )
    if author is None or Permission.SMS_LOGS not in author.permissions:
        return False
    return author.is_admin or job.kind == ExportKind.CONVERSATION


async def _begin(session: AsyncSession, job: Export, *, address: str) -> None:
    """Fix the end of the export and count its rows."""
    now = await database_time(session)
    job.until = now if job.until is None else min(job.until, now)
    job.state = ExportState.RUNNING.value
    scope = await source_queries.scope_of(session, job)
    sources = [source for section in SECTIONS[ExportKind(job.kind)] for source in section]
    job.total = sum([await source_queries.count(session, scope, source) for source in sources])
    head = await heads.head_of(session, job, address=address)
    _add_chunk(session, job, writing.opening(ExportFormat(job.format), head).encode())
    job.place = Place().as_json()
    _announce(session, job)


@dataclass(frozen=True)
class Step:
    """The rows of a chunk, and the place after them."""

    keys: Sequence[Key]
    is_last_of_section: bool


async def _write_chunk(session: AsyncSession, job: Export, place: Place, *, address: str) -> None:
    kind, form = ExportKind(job.kind), ExportFormat(job.format)
    head = await heads.head_of(session, job, address=address)
    scope = await source_queries.scope_of(session, job)
    step = await _next_rows(session, scope, place)
    loaded = await items.load(session, job, step.keys)
    content, day = await asyncio.to_thread(writing.rows, form, head, loaded, place.day)
    shown_before = _percent(job)
    job.done += len(step.keys)
    after = {**(place.after or {}), **{key.source.value: key.after for key in step.keys}}
    following = Place(place.section, after, day)
    if step.is_last_of_section:
        following = Place(place.section + 1)
        content += writing.between(form, head, following).encode()
    is_end = following.section == len(SECTIONS[kind])
    if is_end:
        content += writing.closing(form, head, items=job.done).encode()
    _add_chunk(session, job, content)
    job.place = None if is_end else following.as_json()
    if _percent(job) != shown_before or is_end:
        _announce(session, job)


def _percent(job: Export) -> int:
    return job.done * ANNOUNCED_STEPS // max(job.total or 0, 1)


async def _next_rows(session: AsyncSession, scope: Scope, place: Place) -> Step:
    """The next rows of a section, its sources merged by time."""
    pages = []
    for source in SECTIONS[ExportKind(scope.job.kind)][place.section]:
        after = (place.after or {}).get(source.value)
        pages.append(await source_queries.keys(session, scope, source, after, limit=ROWS))
    # The first rows of the sources together hold the first rows of the section.
    merged = list(islice(heapq.merge(*pages, key=_time), ROWS))
    fitting, size = 0, 0
    for key in merged:
        size += key.size
        if fitting and size > CHUNK_TEXT_BYTES:
            break
        fitting += 1
    is_last = fitting == sum(len(page) for page in pages) and all(len(page) < ROWS for page in pages)
    return Step(merged[:fitting], is_last)


def _time(key: Key) -> datetime:
    return key.at


def _add_chunk(session: AsyncSession, job: Export, content: bytes) -> None:
    """Add the next part of the file, if it is not empty."""
    if content:
        session.add(
            ExportChunk(
                organization_id=job.organization_id,
                export_id=job.id,
                position=job.chunks,
                start=job.size,
                size=len(content),
                content=content,
            )
        )
        job.chunks += 1
        job.size += len(content)
    job.attempts = 0


async def _finish(database: Database, organization_id: UUID, export_id: UUID) -> None:
    """Hash the file, whose rows are all written, and offer it. A crash here repeats the hashing alone."""
    digest, position = hashlib.sha256(), 0
    while True:
        async with database.transaction() as session:
            chunk = await queries.chunk(session, organization_id, export_id, position)
        if chunk is None:
            break
        await asyncio.to_thread(digest.update, chunk.content)
        position += 1
    async with database.transaction() as session:
        job = await queries.lock_export(session, organization_id, export_id)
        if job is None or job.state != ExportState.RUNNING or job.chunks != position:
            # Another worker was faster, or its file was deleted meanwhile.
            return
        job.sha256 = digest.digest()
        await _end(session, job, ExportState.DONE)


async def _end(session: AsyncSession, job: Export, state: ExportState, *, error: str | None = None) -> None:
    at = await database_time(session)
    job.state, job.finished_at, job.error, job.place = state.value, at, error, None
    if state is ExportState.DONE:
        job.expires_at = at + KEPT
    _announce(session, job)


async def _count_failure(database: Database, organization_id: UUID, export_id: UUID) -> None:
    """Give an export up that fails again and again at one place."""
    async with database.transaction() as session:
        job = await queries.lock_export(session, organization_id, export_id)
        if job is None or job.finished_at is not None:
            return
        job.attempts += 1
        if job.attempts >= MAX_ATTEMPTS:
            error = "It could not be written. The service's log has the reason."
            await _end(session, job, ExportState.FAILED, error=error)


def _announce(session: AsyncSession, job: Export) -> None:
    announce(
        session,
        job.organization_id,
        "export",
        export_id=str(job.id),
        state=job.state,
        done=job.done,
        total=job.total,
    )


async def clean_up(database: Database) -> bool:
    """Expire files whose time is over, and delete a part of what failed or expired. Whether there is more to do."""
    async with database.transaction() as session:
        await queries.expire_due(session)
    async with database.transaction() as session:
        await queries.delete_old(session, ROWS_KEPT, limit=FORGOTTEN_AT_ONCE)
        job = await queries.lock_ended_with_chunks(session)
        if job is None:
            return False
        deleted = await queries.delete_chunks(session, job, limit=EMPTIED_AT_ONCE)
        job.is_emptied = deleted < EMPTIED_AT_ONCE
        return True
