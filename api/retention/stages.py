"""The stages of an erasure. Each step is one bounded transaction; a crash repeats at most the step that it broke."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.audit.rules import Actor
from api.events import service as events
from api.kit.database import Database, database_time
from api.live.service import announce_message, announce_thread_entry
from api.retention import note_queries, queries
from api.retention.models import Erasure
from api.retention.rules import Stage

BATCH = 200
EVENTS = 2_000
"""Inbound events that one step reads."""

ERASED_ANSWER = {
    "type": "/problems/erased",
    "title": "This answer was erased",
    "status": 410,
    "detail": "It held the data of a number that was erased on request.",
}


async def work_off(database: Database) -> bool:
    """Advance every erasure that is not done by one step. Returns whether there is more to do."""
    async with database.transaction() as session:
        waiting = await queries.unfinished(session, limit=BATCH)
    for organization_id, erasure_id in waiting:
        async with database.transaction() as session:
            await advance(session, organization_id, erasure_id)
    return bool(waiting)


async def advance(session: AsyncSession, organization_id: UUID, erasure_id: UUID) -> bool:
    """One step, in the caller's transaction. False if it is done, or another process works at it."""
    erasure = await queries.lock_unfinished(session, organization_id, erasure_id)
    if erasure is None:
        return False
    stage = Stage(erasure.stage)
    counted, cursor = await _step(session, erasure, stage)
    counts: dict[str, Any] = dict(erasure.counts)
    for name, count in counted.items():
        counts[name] = counts.get(name, 0) + count
    erasure.counts = counts
    erasure.cursor = cursor
    if cursor is None:
        if stage.next() is Stage.DONE:
            erasure.finished_at = await database_time(session)
            erasure.numbers = []
            erasure.needles = []
        erasure.stage = stage.next().value
    await session.flush()
    return erasure.finished_at is None


MORE = "more"
"""The cursor of a stage that finds what is left by itself."""


async def _step(session: AsyncSession, erasure: Erasure, stage: Stage) -> tuple[dict[str, int], str | None]:
    """What it did, and the cursor; None at the stage's end."""
    organization_id = erasure.organization_id
    match stage:
        case Stage.TEXTS:
            return await _texts(session, erasure)
        case Stage.EVENTS:
            after = UUID(erasure.cursor) if erasure.cursor else None
            count, last = await queries.erase_events(
                session,
                organization_id,
                numbers=erasure.numbers,
                patterns=erasure.needles,
                after=after,
                limit=EVENTS,
            )
            return {"raw_events": count}, str(last) if last else None
        case Stage.AUDIT_OF_NUMBER | Stage.AUDIT_DETAILS:
            return await _audit(session, erasure, stage)
        case Stage.ANSWERS:
            patterns = [*erasure.needles, *map(str, erasure.conversation_ids)]
            count = await queries.erase_answers(session, organization_id, patterns, answer=ERASED_ANSWER, limit=BATCH)
            count += await queries.erase_answers_of_integrations(session, organization_id, patterns, limit=BATCH)
            return {"answers": count}, MORE if count >= BATCH else None
        case Stage.IMPORTS:
            count = await queries.erase_import_rows(session, organization_id, erasure.needles, limit=BATCH)
            return {"import_rows": count}, MORE if count == BATCH else None
        case Stage.DONE:
            return {}, None


async def _texts(session: AsyncSession, erasure: Erasure) -> tuple[dict[str, int], str | None]:
    organization_id = erasure.organization_id
    await queries.lock_conversation_ids(session, organization_id, erasure.conversation_ids)
    found = await queries.texts_of(session, organization_id, erasure.conversation_ids, limit=BATCH)
    at = await database_time(session)
    done = await queries.erase_texts(session, organization_id, [each[0] for each in found], at=at, keeps_check=False)
    for message_id, conversation_id, seq in found:
        announce_message(session, organization_id, conversation_id, message_id, seq=seq)
    notes = await note_queries.notes_of(session, organization_id, erasure.conversation_ids, limit=BATCH)
    erased_notes = await note_queries.erase_notes(session, organization_id, [each[0] for each in notes], at=at)
    for note_id, conversation_id in notes:
        announce_thread_entry(session, organization_id, conversation_id, kind="note", entry_id=note_id)
    is_more = BATCH in (len(found), len(notes))
    return {**done._asdict(), "notes": erased_notes}, MORE if is_more else None


async def _audit(session: AsyncSession, erasure: Erasure, stage: Stage) -> tuple[dict[str, int], str | None]:
    actor = Actor.stored(erasure.requested_by)
    assert actor is not None
    if stage is Stage.AUDIT_OF_NUMBER:
        await events.erase_numbers(session, erasure.organization_id, erasure.numbers)
        count = await audit.erase_of(
            session,
            erasure.organization_id,
            numbers=erasure.numbers,
            conversation_ids=erasure.conversation_ids,
            erasure_id=erasure.id,
            actor=actor,
        )
        return {"audit_entries": count}, MORE if count else None
    count, last = await audit.erase_naming(
        session,
        erasure.organization_id,
        needles=erasure.needles,
        after=int(erasure.cursor or 0),
        erasure_id=erasure.id,
        actor=actor,
    )
    return {"audit_entries": count}, str(last) if last is not None else None
