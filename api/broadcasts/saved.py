"""Saved audiences: listing and changing them (MASS-WHO)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.broadcasts import saved_queries as queries
from api.broadcasts.audience import require_classes, spelled
from api.broadcasts.models import Audience
from api.broadcasts.rules import MAX_SAVED
from api.broadcasts.service import require_mass_text
from api.broadcasts.types import SavedAudienceDescription
from api.kit.database import database_time
from api.kit.errors import AlreadyExists, Conflict, Invalid, NotFound
from api.kit.folding import fold_name
from api.kit.ids import new_id
from api.kit.preconditions import require_unchanged


async def list_audiences(
    session: AsyncSession, principal: Principal, *, after: tuple[str, UUID] | None, limit: int
) -> Sequence[Audience]:
    """By name."""
    require_mass_text(principal)
    return await queries.audiences(session, principal.organization_id, after=after, limit=limit)


async def require_audience(session: AsyncSession, principal: Principal, audience_id: UUID) -> Audience:
    """Raises `NotFound`."""
    require_mass_text(principal)
    return _found(await queries.audience(session, principal.organization_id, audience_id))


async def create_audience(
    session: AsyncSession,
    principal: Principal,
    *,
    name: str,
    audience: SavedAudienceDescription,
    audience_id: UUID | None = None,
) -> Audience:
    """`audience_id`: the id of one that was deleted, which is there again.

    Raises `NotFound` for a class that is not in the organization, `Invalid` for an audience of nobody, `Conflict` for a
    name or an id that is taken and for too many.
    """
    require_mass_text(principal)
    organization_id = principal.organization_id
    await _check(session, organization_id, audience)
    if await queries.count(session, organization_id) >= MAX_SAVED:
        raise Conflict(f"There are {MAX_SAVED} saved audiences already. Delete one first.")
    row = Audience(organization_id=organization_id, id=audience_id or new_id(), name=name, key=fold_name(name))
    row.audience = await _stored(session, organization_id, audience)
    session.add(row)
    await _flush(session, row)
    await session.refresh(row)
    await _record(session, principal, Action.AUDIENCE_CREATED, row)
    return row


async def change_audience(
    session: AsyncSession,
    principal: Principal,
    audience_id: UUID,
    *,
    name: str | None,
    audience: SavedAudienceDescription | None,
) -> Audience:
    """Mass texts that are drafts use it as it is then; confirmed ones stay as they are. Raises as `create_audience`."""
    require_mass_text(principal)
    row = await _lock(session, principal, audience_id)
    before = (row.name, row.audience)
    if audience is not None:
        await _check(session, row.organization_id, audience)
        row.audience = await _stored(session, row.organization_id, audience)
    now = await database_time(session)
    if name is not None:
        # After all statements: the next would flush it, outside of `_flush`.
        row.name, row.key = name, fold_name(name)
    if (row.name, row.audience) != before:
        row.updated_at = now
        await _flush(session, row)
        await _record(session, principal, Action.AUDIENCE_UPDATED, row)
    return row


async def delete_audience(session: AsyncSession, principal: Principal, audience_id: UUID) -> None:
    """Raises `NotFound`. A draft that names it cannot be sent until its audience is changed."""
    require_mass_text(principal)
    row = await _lock(session, principal, audience_id)
    await session.delete(row)
    await session.flush()
    await _record(session, principal, Action.AUDIENCE_DELETED, row)


async def _lock(session: AsyncSession, principal: Principal, audience_id: UUID) -> Audience:
    row = _found(await queries.lock_audience(session, principal.organization_id, audience_id))
    await require_unchanged(session)
    return row


def _found(row: Audience | None) -> Audience:
    if row is None:
        raise NotFound("There is no such saved audience.")
    return row


async def _check(session: AsyncSession, organization_id: UUID, audience: SavedAudienceDescription) -> None:
    if audience.families is None and audience.staff_members is None and not (audience.numbers or audience.external_ids):
        raise Invalid([("/audience", "Say who is in it.")])
    await require_classes(session, organization_id, [audience])


async def _stored(session: AsyncSession, organization_id: UUID, audience: SavedAudienceDescription) -> dict[str, Any]:
    return {**audience.model_dump(mode="json"), "numbers": await spelled(session, organization_id, audience.numbers)}


async def _flush(session: AsyncSession, row: Audience) -> None:
    organization_id, audience_id, key = row.organization_id, row.id, row.key
    try:
        await session.flush()
    except IntegrityError as error:
        if "pk_audiences" in str(error.orig):
            raise AlreadyExists(
                "There is a saved audience with this id already.", existing_id=audience_id, conflicting=["/id"]
            ) from error
        await session.rollback()
        raise AlreadyExists(
            "There is a saved audience with this name already.",
            existing_id=await queries.id_of_audience(session, organization_id, key),
            conflicting=["/name"],
        ) from error


async def _record(session: AsyncSession, principal: Principal, action: Action, row: Audience) -> None:
    shown: dict[str, Any] = dict(row.audience)
    for each in ("numbers", "external_ids"):
        shown[each] = len(shown.get(each, ()))
    details = {"audience_id": str(row.id), "name": row.name, "audience": shown}
    await audit.record(session, row.organization_id, NewEntry(action, principal.actor, details=details))
