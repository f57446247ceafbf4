"""Erasing a number on request (ERASE)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.errors import PermissionRequired
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.conversations import scheduled
from api.conversations.lifecycle import Batch, state_of
from api.conversations.models import InboxRow
from api.conversations.rules import staff_closes
from api.delivery.rules import failure
from api.directory import erased
from api.directory import service as directory
from api.directory.models import PhoneNumber, PhoneRecord
from api.directory.named import named_number
from api.directory.number_changes import numbers_changed
from api.directory.rules import OptInState
from api.exports import service as exports
from api.kit.database import database_of, database_time
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.ids import new_id
from api.kit.phone import is_erased, old_spellings
from api.retention import broadcast_queries, queries, record_queries
from api.retention.models import Erasure
from api.retention.rules import CANCELLED, ERASED_CODE, Stage, mark_of, patterns_of, words_and_numbers


async def erase_number(session: AsyncSession, principal: Principal, given: str, *, reason: str) -> Erasure:
    """Begin to erase a number, in the caller's transaction; `stages.advance` does the rest.

    From here on nothing can be sent to it, and a text from it begins a new conversation. Returns the erasure that is
    running or done if the number is erased already. Raises `PermissionRequired`, `NotFound`, `Invalid` for a line's
    number, and `Conflict` while one of its texts is being sent or an import runs.
    """
    if not principal.is_admin:
        raise PermissionRequired(None)
    organization_id = principal.organization_id
    number = await named_number(session, organization_id, given, pointer="/path/number")
    spelled = (number, *old_spellings(number))
    if is_erased(number):
        raise NotFound("This number is erased already.")
    hashed = erased.number_hash(await erased.make_key(database_of(session)), organization_id, number)
    await broadcast_queries.lock_naming(session, organization_id, spelled)
    rows = await _lock_numbers(session, organization_id, spelled)
    if not rows:
        earlier = await queries.newest_erasure(session, organization_id, hashed)
        if earlier is None:
            raise NotFound("This number is on no record and in no conversation.")
        return earlier
    if await queries.is_line(session, organization_id, spelled):
        raise Invalid([("/path/number", "This is the number of one of your lines.")])
    if await queries.is_importing(session, organization_id):
        raise Conflict("The directory is being imported. Erase the number when the import has ended.")
    threads = await queries.lock_conversations(session, organization_id, rows)
    at = await database_time(session)
    cancelled = await _mark(session, principal, rows, threads, at=at)
    counts, patterns = await _erase_records(session, organization_id, spelled, rows, hashed, at=at)
    erasure = Erasure(
        organization_id=organization_id,
        id=new_id(),
        number_hash=hashed,
        numbers=list(spelled),
        conversation_ids=[row.conversation.id for row in threads],
        needles=patterns,
        stage=Stage.TEXTS.value,
        counts={"conversations": len(threads), "cancelled": cancelled, **counts},
        requested_by=principal.actor.as_json(),
        reason=reason,
        created_at=at,
    )
    session.add(erasure)
    await session.flush()
    details = {"erasure_id": str(erasure.id), "reason": reason, "numbers": [row.number for row in rows]}
    entry = NewEntry(Action.PHONE_NUMBER_ERASED, principal.actor, details=details)
    await numbers_changed(session, organization_id, spelled)
    await exports.expire_holding(session, organization_id, erasure.conversation_ids, [row.id for row in rows])
    await audit.record(session, organization_id, entry, at=at)
    return erasure


async def erasure(session: AsyncSession, principal: Principal, erasure_id: UUID) -> Erasure:
    """Raises `PermissionRequired` and `NotFound`."""
    if not principal.is_admin:
        raise PermissionRequired(None)
    found = await queries.erasure(session, principal.organization_id, erasure_id)
    if found is None:
        raise NotFound("There is no such erasure.")
    return found


async def _lock_numbers(session: AsyncSession, organization_id: UUID, spelled: Sequence[str]) -> list[PhoneNumber]:
    """The rows of these spellings, locked. Another erasure may have finished while this one waited for the lock."""
    known = await directory.phone_numbers(session, organization_id, spelled)
    locked = await directory.lock_phone_numbers(session, organization_id, [row.id for row in known.values()])
    return [row for row in locked.values() if row.number in spelled]


async def _mark(
    session: AsyncSession,
    principal: Principal,
    numbers: Sequence[PhoneNumber],
    threads: Sequence[InboxRow],
    *,
    at: datetime,
) -> int:
    """Cancel queued and scheduled texts, close the conversations, and put a mark in the place of the number.

    Returns how many texts were cancelled.

    A text of unknown outcome stays unknown, and is not reconciled any more. Raises `Conflict` while one is being sent.
    """
    organization_id = principal.organization_id
    by_id = {row.conversation.id: row for row in threads}
    waiting = await queries.lock_outbox(session, organization_id, list(by_id))
    if any(entry.state == "sending" for entry, _ in waiting):
        raise Conflict("A text to this number is being sent at this moment. Try again in a minute.")
    batch = Batch(organization_id, at=at)
    cancelled = 0
    for entry, message in waiting:
        if entry.state == "queued":
            # Nobody needs to see to it (NOT-SENT).
            message.not_sent = False
            batch.report(by_id[entry.conversation_id].conversation, message, failure(ERASED_CODE, CANCELLED))
            cancelled += 1
        else:
            batch.leave_outbox(message)
    for number in numbers:
        number.number = mark_of(number.id)
    for row in threads:
        state = state_of(row.conversation)
        batch.settle_not_sent(row.conversation)
        batch.change(row, staff_closes(state, seen_seq=state.last_seq), actor=principal.actor)
        batch.touch(row.conversation)
    await audit.lock_organization_chain(session, organization_id)
    await batch.write(session)
    await queries.empty_conversations(session, organization_id, list(by_id))
    return cancelled + await scheduled.remove_of(session, organization_id, list(by_id))


async def _erase_records(
    session: AsyncSession,
    organization_id: UUID,
    spelled: Sequence[str],
    numbers: Sequence[PhoneNumber],
    hashed: bytes,
    *,
    at: datetime,
) -> tuple[dict[str, int], list[str]]:
    """Take the number off every record, and keep its refusals as a hash. Returns counts, and what finds the rest."""
    number_ids = [row.id for row in numbers]
    records = await queries.phone_records(session, organization_id, number_ids)
    kept = [*_refusals(numbers, records, at=at)]
    kept += [
        (erased.OPT_OUT, each.source, each.changed_at or each.removed_at)
        for each in await queries.standing(session, organization_id, number_ids)
    ]
    refusals = await erased.keep_refusals(session, organization_id, hashed, kept, at=at)
    for row in numbers:
        row.stopped_at = row.stop_source = None
    await session.flush()
    family_ids, staff_member_ids = await record_queries.records_of(session, organization_id, records)
    await queries.delete_consent(session, organization_id, number_ids)
    await broadcast_queries.forget(session, organization_id, number_ids, spelled)
    gone = await queries.erase_names(session, organization_id, [each.contact_id for each in records if each.contact_id])
    counts = {
        "phone_records": len(records),
        "staff_records": sum(each.staff_member_id is not None for each in records),
        "contacts": gone.contacts,
        "families": len(gone.families),
        "refusals_kept": refusals,
    }
    names = [word for name in gone.names for word in (name, *name.split()) if len(word) > 2]
    await record_queries.empty_notes_and_metadata(
        session, organization_id, family_ids, staff_member_ids, words_and_numbers(spelled, names)
    )
    return counts, patterns_of(spelled, [*(each.id for each in records), *gone.ids], gone.names)


def _refusals(
    numbers: Sequence[PhoneNumber], records: Sequence[PhoneRecord], *, at: datetime
) -> list[tuple[str, str | None, datetime]]:
    """(kind, source, since) of what refuses texts to the number now."""
    stops = [(erased.STOP, each.stop_source, each.stopped_at) for each in numbers if each.stopped_at is not None]
    opt_outs = [
        (erased.OPT_OUT, each.opt_in_source, each.opt_in_changed_at or at)
        for each in records
        if each.opt_in_state == OptInState.OPTED_OUT
    ]
    return [*stops, *opt_outs]
