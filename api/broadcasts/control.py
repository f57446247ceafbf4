"""Pausing, resuming and cancelling a mass text, and retrying the failed ones of it (MASS-STATES)."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Permission, Principal
from api.audit.rules import SYSTEM, Action
from api.broadcasts import queries
from api.broadcasts.files import copy_files
from api.broadcasts.models import Broadcast
from api.broadcasts.rules import BroadcastState, Deed, PauseReason, RecipientState
from api.broadcasts.service import announce_broadcast, lock, move, record, require_few_drafts, require_mass_text, wake
from api.conversations import outbox
from api.kit.database import database_time
from api.kit.errors import AlreadyExists, Conflict
from api.kit.ids import new_id

ONLY_CANCEL = (
    "The data was restored from a backup, so it is not known who has got this mass text since. Cancel it, and write to "
    "those who need it."
)


async def pause_broadcast(session: AsyncSession, principal: Principal, broadcast_id: UUID) -> Broadcast:
    """Nothing more of it is claimed once this has committed. Raises `NotFound` and `Conflict`."""
    require_mass_text(principal)
    row = await lock(session, principal, broadcast_id)
    move(row, Deed.PAUSE)
    row.pause_reason = PauseReason.PERSON.value
    row.updated_at = await database_time(session)
    await session.flush()
    await outbox.pause_broadcast(session, row.organization_id, row.id)
    await record(session, principal.actor, Action.BROADCAST_PAUSED, row, {})
    announce_broadcast(session, row)
    return row


async def pause_by_system(session: AsyncSession, row: Broadcast, reason: PauseReason) -> None:
    """Pause a locked mass text that cannot go on by itself."""
    move(row, Deed.PAUSE)
    row.pause_reason = reason.value
    row.updated_at = await database_time(session)
    await session.flush()
    await outbox.pause_broadcast(session, row.organization_id, row.id)
    await record(session, SYSTEM, Action.BROADCAST_PAUSED, row, {"cause": reason.value})
    announce_broadcast(session, row)


async def resume_broadcast(session: AsyncSession, principal: Principal, broadcast_id: UUID) -> Broadcast:
    """Go on, as a mass text of whoever resumes it. Raises `NotFound` and `Conflict`.

    Those who have got it, or have it in the outbox, are rows that keep their message: nobody gets it twice.
    """
    require_mass_text(principal)
    row = await lock(session, principal, broadcast_id)
    if row.any_hour_reason is not None:
        require_mass_text(principal, Permission.MASS_TEXT_ANY_HOUR)
    if row.pause_reason == PauseReason.RESTORED:
        raise Conflict(ONLY_CANCEL)
    at = await database_time(session)
    if row.state == BroadcastState.PAUSED and row.started_at is None and row.send_at is not None and row.send_at > at:
        row.state = BroadcastState.SCHEDULED.value
    else:
        move(row, Deed.RESUME)
        row.started_at = row.started_at or at
    row.pause_reason, row.updated_at, row.is_active = None, at, True
    row.sender = principal.actor.as_json()
    await session.flush()
    await outbox.resume_broadcast(session, row.organization_id, row.id)
    await record(session, principal.actor, Action.BROADCAST_RESUMED, row, {})
    announce_broadcast(session, row)
    wake(session, row.organization_id)
    return row


async def cancel_broadcast(session: AsyncSession, principal: Principal, broadcast_id: UUID) -> Broadcast:
    """Nothing more of it is claimed once this has committed; workers cancel what is queued. Raises `Conflict`."""
    require_mass_text(principal)
    row = await lock(session, principal, broadcast_id)
    before = row.state
    was_draft = before == BroadcastState.DRAFT
    at = await database_time(session)
    move(row, Deed.CANCEL)
    row.pause_reason, row.updated_at, row.finished_at = None, at, at
    row.is_active = not was_draft
    await session.flush()
    if not was_draft:
        await outbox.pause_broadcast(session, row.organization_id, row.id)
        wake(session, row.organization_id)
    await record(session, principal.actor, Action.BROADCAST_CANCELLED, row, {"from": before})
    announce_broadcast(session, row)
    return row


async def retry_broadcast(session: AsyncSession, principal: Principal, broadcast_id: UUID) -> Broadcast:
    """A draft of the same text to the recipients where it failed. Raises `Conflict` if there is none, or a retry."""
    require_mass_text(principal)
    failed = await lock(session, principal, broadcast_id)
    organization_id = failed.organization_id
    if failed.state not in {BroadcastState.SENT, BroadcastState.CANCELLED}:
        raise Conflict("Wait until this mass text is sent.")
    states = {each.state for each in await queries.counts(session, organization_id, failed.id)}
    if RecipientState.FAILED.value not in states:
        raise Conflict("It failed for nobody.")
    if (existing_id := await queries.retry_of(session, organization_id, failed.id)) is not None:
        raise _retried(existing_id)
    await require_few_drafts(session, organization_id)
    row = Broadcast(
        organization_id=organization_id,
        id=new_id(),
        name=_again(failed.name),
        author=principal.actor.as_json(),
        retry_of_broadcast_id=failed.id,
        **{
            column: getattr(failed, column)
            for column in ("body", "header", "footer", "fallbacks", "media_urls", "audience", "line_id")
        },
    )
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        await session.rollback()
        raise _retried(await queries.retry_of(session, organization_id, broadcast_id)) from error
    await session.refresh(row)
    await copy_files(session, row, failed)
    await session.flush()
    await record(session, principal.actor, Action.BROADCAST_CREATED, row, {"retry_of_broadcast_id": str(failed.id)})
    announce_broadcast(session, row)
    return row


def _again(name: str) -> str:
    return f"{name[:90]} (again)"


def _retried(existing_id: UUID | None) -> AlreadyExists:
    return AlreadyExists(
        "There is a mass text to those already.", existing_id=existing_id, conflicting=["/path/broadcast_id"]
    )
