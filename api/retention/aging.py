"""Retention: what is deleted when it is old enough, once a day for each organization.

| what | setting | unset |
| --- | --- | --- |
| texts, with their files and raw events; texts held back; notes, with their wordings | `retain_texts_days` | kept |
| files of texts | `retain_media_days` | kept |
| raw content of applied events | `raw_event_days` | 90 days |

The clean-up of the access slice deletes what no setting keeps longer: ended sessions, sign-in tries after 15 minutes,
stored answers after 72 hours. Imports go a week after their end (`directory.importing`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.audit.rules import SYSTEM, Action, NewEntry
from api.conversations import scheduled
from api.inbound.retention import forget_raw_content
from api.kit.database import Database, database_time
from api.live.service import announce_conversation, announce_thread_entry
from api.retention import aging_queries as queries
from api.retention import broadcast_queries, note_queries
from api.retention.queries import erase_texts, lock_conversation_ids
from api.settings import Settings

BATCH = 200


class Place(NamedTuple):
    """Where a pass through the texts continues: after this one."""

    at: datetime
    id: UUID


@dataclass(frozen=True)
class Aging:
    """A kind of content that is erased when the message it belongs to is old enough."""

    name: str
    days: Callable[[Settings], int]
    """0: kept."""
    erase: Callable[[AsyncSession, UUID, list[UUID], datetime], Awaitable[int]]
    is_left: Callable[[queries.Aged], bool]


async def _erase_texts(session: AsyncSession, organization_id: UUID, ids: list[UUID], at: datetime) -> int:
    erased = await erase_texts(session, organization_id, ids, at=at, keeps_check=True)
    for conversation_id in await queries.empty_last_previews(session, organization_id, ids):
        announce_conversation(session, organization_id, conversation_id)
    return erased.texts


async def _erase_files(session: AsyncSession, organization_id: UUID, ids: list[UUID], _at: datetime) -> int:
    return await queries.erase_files(session, organization_id, ids)


AGING = (
    Aging("texts", lambda settings: settings.retain_texts_days, _erase_texts, lambda each: not each.is_erased),
    Aging("media", lambda settings: settings.retain_media_days, _erase_files, lambda each: each.has_files),
)


async def retain(database: Database, organization_id: UUID, settings: Settings) -> None:
    """Erase what is too old, a batch in a transaction, unless this was done today. One audit entry says how much.

    A crash repeats nothing: what was counted until then is stored with each batch.
    """
    async with database.transaction() as session:
        today = (await database_time(session)).astimezone(UTC).date()
        run = await queries.run(session, organization_id)
        if run.day >= today:
            return
    for aging in AGING:
        if days := aging.days(settings):
            await _pass(database, organization_id, aging, older_than=timedelta(days=days))
    if days := min((each for each in (settings.retain_texts_days, settings.retain_media_days) if each), default=0):
        async with database.transaction() as session:
            before = await database_time(session) - timedelta(days=days)
            files = await broadcast_queries.delete_files(session, organization_id, before=before)
            await queries.count(session, organization_id, "media", files)
    if settings.retain_texts_days:
        await _forget_held(database, organization_id, older_than=timedelta(days=settings.retain_texts_days))
        await _pass_notes(database, organization_id, older_than=timedelta(days=settings.retain_texts_days))
    if settings.raw_event_days:
        keep = timedelta(days=settings.raw_event_days)
        raw = await forget_raw_content(database, organization_id, older_than=keep)
        async with database.transaction() as session:
            await queries.count(session, organization_id, "raw_events", raw)
    await _finish(database, organization_id, today)


async def _pass(database: Database, organization_id: UUID, aging: Aging, *, older_than: timedelta) -> None:
    """One pass through the texts that are old enough, from where the last one ended.

    A text that has to stay is met again by the next pass.
    """
    place: Place | None = None
    first_kept: datetime | None = None
    while True:
        async with database.transaction() as session:
            at = await database_time(session)
            run = await queries.run(session, organization_id)
            since = run.texts_until if aging.name == "texts" else run.media_until
            aged = await queries.aged(
                session, organization_id, before=at - older_than, since=since, after=place, limit=BATCH
            )
            left = [each for each in aged if aging.is_left(each)]
            await lock_conversation_ids(session, organization_id, [each.conversation_id for each in left])
            kept = await queries.must_stay(session, organization_id, [each.id for each in left])
            ids = [each.id for each in left if each.id not in kept]
            count = await aging.erase(session, organization_id, ids, at) if ids else 0
            await queries.count(session, organization_id, aging.name, count)
            if first_kept is None:
                first_kept = min((each.created_at for each in left if each.id in kept), default=None)
            if aged:
                place = Place(aged[-1].created_at, aged[-1].id)
                await queries.set_until(session, organization_id, aging.name, first_kept or place.at)
        if len(aged) < BATCH:
            return


async def _forget_held(database: Database, organization_id: UUID, *, older_than: timedelta) -> None:
    """Delete scheduled texts that were held back so long ago."""
    while True:
        async with database.transaction() as session:
            before = await database_time(session) - older_than
            gone = await scheduled.remove_held(session, organization_id, before=before, limit=BATCH)
            await queries.count(session, organization_id, "held_texts", len(gone))
            for conversation_id in {conversation_id for _, conversation_id in gone}:
                announce_conversation(session, organization_id, conversation_id)
        if len(gone) < BATCH:
            return


async def _pass_notes(database: Database, organization_id: UUID, *, older_than: timedelta) -> None:
    """Notes are kept as long as texts, and so are their earlier wordings in the audit log."""
    more = True
    while more:
        async with database.transaction() as session:
            at = await database_time(session)
            old = await note_queries.old_notes(session, organization_id, before=at - older_than, limit=BATCH)
            more = len(old) == BATCH
            if old:
                threads, ids = sorted({each[1] for each in old}), [each[0] for each in old]
                await lock_conversation_ids(session, organization_id, threads)
                count = await note_queries.erase_notes(session, organization_id, ids, at=at)
                await audit.erase_wordings(session, organization_id, conversation_ids=threads, note_ids=ids)
                await queries.count(session, organization_id, "notes", count)
                for note_id, conversation_id in old:
                    announce_thread_entry(session, organization_id, conversation_id, kind="note", entry_id=note_id)


async def _finish(database: Database, organization_id: UUID, today: date) -> None:
    async with database.transaction() as session:
        run = await queries.run(session, organization_id, lock=True)
        if run.day >= today:
            return
        counts = {name: number for name, number in run.counts.items() if number}
        run.day, run.counts = today, {}
        await session.flush()
        if counts:
            entry = NewEntry(Action.RETENTION_APPLIED, SYSTEM, details=counts)
            await audit.record(session, organization_id, entry)
