"""Drafts of mass texts: writing and changing them, and the consent of administrators.

Whoever writes them has `sms_logs` and `mass_text` (PERM-SEND).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.errors import PermissionRequired
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action
from api.broadcasts import files, queries
from api.broadcasts.audience import read_audience, spelled
from api.broadcasts.models import Broadcast
from api.broadcasts.rules import BroadcastState, Deed
from api.broadcasts.service import (
    announce_broadcast,
    described,
    lock,
    move,
    record,
    require_few_drafts,
    require_mass_text,
)
from api.broadcasts.types import AudienceDescription
from api.conversations.message_rules import too_heavy, too_much
from api.kit.database import database_time
from api.kit.errors import Conflict, Forbidden, Invalid
from api.kit.ids import new_id
from api.kit.times import rfc3339
from api.lines import service as lines
from api.providers.registry import send_limits
from api.saved_replies.rules import unknown_fields

SERIES = timedelta(hours=1)
"""Changes of one person within this time of the entry of the first are one series."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a mass text says, to whom, and when. A change names the fields that it changes."""

    given: Mapping[str, Any]
    """Columns of `Broadcast`."""
    audience: AudienceDescription | None
    attachments: Sequence[UUID] | None = None
    """Uploads of the writer's; in a change also files that it has."""


async def create_broadcast(session: AsyncSession, principal: Principal, draft: Draft) -> Broadcast:
    """Raises `NotFound` for a line, a class or a saved audience that is not in the organization, `Invalid` for a text
    that is too long, and `Conflict` for too many drafts."""
    require_mass_text(principal)
    organization_id = principal.organization_id
    await require_few_drafts(session, organization_id)
    organization = await access.organization(session, organization_id)
    assert draft.audience is not None
    row = Broadcast(
        organization_id=organization_id,
        id=new_id(),
        author=principal.actor.as_json(),
        audience=await _stored(session, organization_id, draft.audience),
        **{"header": organization.mass_text_header, "footer": organization.mass_text_footer, **draft.given},
    )
    await _require_line(session, row.organization_id, row.line_id)
    session.add(row)
    await session.flush()
    await session.refresh(row)
    if draft.attachments:
        await files.replace_files(session, principal, row, draft.attachments)
    await _check(session, row, draft.audience)
    await session.flush()
    await record(session, principal.actor, Action.BROADCAST_CREATED, row, described(row))
    announce_broadcast(session, row)
    return row


async def change_broadcast(session: AsyncSession, principal: Principal, broadcast_id: UUID, draft: Draft) -> Broadcast:
    """Change a draft. A scheduled mass text becomes a draft again, and has to be confirmed anew.

    A draft is stored as it is written, every few seconds, so a series of one person's changes leaves one audit entry:
    what it said before. What it says after them is in the next entry: of another person's changes, an administrator's
    consent, or the confirmation. Raises what `create_broadcast` raises, and `Conflict` once it is being sent.
    """
    require_mass_text(principal)
    row = await lock(session, principal, broadcast_id)
    was_scheduled = row.state == BroadcastState.SCHEDULED
    wanted = dict(draft.given)
    if draft.audience is not None:
        wanted["audience"] = await _stored(session, row.organization_id, draft.audience)
    changes = {name: (getattr(row, name), value) for name, value in wanted.items() if getattr(row, name) != value}
    before = described(row)
    has_new_files = draft.attachments is not None and [str(each) for each in draft.attachments] != [
        each["id"] for each in row.files
    ]
    if not changes and not has_new_files:
        return row
    move(row, Deed.CHANGE)
    if row.retry_of_broadcast_id is not None and "audience" in changes:
        raise Conflict("This mass text goes to those whom another one did not reach. Its audience stays.")
    await _require_line(session, row.organization_id, wanted.get("line_id"))
    for name, (_, value) in changes.items():
        setattr(row, name, value)
    if draft.attachments is not None and has_new_files:
        await files.replace_files(session, principal, row, draft.attachments)
    await _check(session, row, AudienceDescription.model_validate(row.audience))
    if was_scheduled:
        await queries.remove_recipients(session, row.organization_id, row.id)
        row.confirmed_at, row.recipients, row.left_out, row.segments, row.counts = None, 0, {}, 0, {}
        row.estimate = None
        row.any_hour_reason, row.is_active, row.sender = None, False, None
    was_approved, row.approvals = bool(row.approvals), []
    row.updated_at = await database_time(session)
    await session.flush()
    if was_scheduled or was_approved or not await _is_of_series(session, principal, row):
        await record(session, principal.actor, Action.BROADCAST_UPDATED, row, {"before": before})
    announce_broadcast(session, row)
    return row


async def _is_of_series(session: AsyncSession, principal: Principal, row: Broadcast) -> bool:
    """Whether the log says already that the principal is changing it."""
    last = await audit.last_actor(
        session,
        row.organization_id,
        Action.BROADCAST_UPDATED,
        details={"broadcast_id": str(row.id)},
        since=row.updated_at - SERIES,
    )
    return last == (principal.actor.kind.value, principal.actor.id)


async def _require_line(session: AsyncSession, organization_id: UUID, line_id: UUID | None) -> None:
    """Raises `NotFound` for a line that is not in the organization (PERM-TENANT). Before the row refers to it."""
    if line_id is not None:
        await lines.require_line(session, organization_id, line_id)


async def _check(session: AsyncSession, row: Broadcast, audience: AudienceDescription) -> None:
    """Raises `NotFound` and `Invalid`."""
    problems: list[tuple[str, str]] = []
    sent = files.files_of(row)
    if not row.body.strip() and not row.media_urls and not sent:
        problems.append(("/body", "Write something, or add a picture."))
    if audience.is_empty:
        problems.append(("/audience", "Say who gets it."))
    if unknown := unknown_fields(row.body):
        problems.append(("/body", f"There is no field “{{{unknown[0]}}}”."))
    if row.line_id is not None:
        line = await lines.require_line(session, row.organization_id, row.line_id)
        whole = "\n".join(part for part in (row.header, row.body, row.footer) if part)
        limits = send_limits(line.provider)
        excess = too_much(whole, media=len(row.media_urls) + len(sent), limits=limits)
        if excess is not None:
            problems.append(("/body" if excess[0] == "/body" else "/media", excess[1]))
        elif heavy := too_heavy(sent, line_kind=line.kind, limits=limits):
            problems.append(heavy)
    if problems:
        raise Invalid(problems)
    await read_audience(session, row.organization_id, audience)


async def approve_broadcast(session: AsyncSession, principal: Principal, broadcast_id: UUID) -> Broadcast:
    """An administrator agrees to a draft as it is.

    Raises `PermissionRequired`, `Forbidden` for an API key, `NotFound` and `Conflict`.
    """
    require_mass_text(principal)
    if not principal.is_admin:
        raise PermissionRequired(None)
    if principal.staff_member_id is None:
        raise Forbidden("Only a person agrees to a mass text. An administrator can do it in the app.")
    row = await lock(session, principal, broadcast_id)
    if row.state != BroadcastState.DRAFT:
        raise Conflict("Only a draft can be agreed to.")
    if all(each["id"] != str(principal.id) for each in row.approvals):
        at = await database_time(session)
        given = {"id": str(principal.id), "name": principal.name, "at": rfc3339(at)}
        row.approvals = [*row.approvals, given]
        row.updated_at = at
        await session.flush()
        await record(session, principal.actor, Action.BROADCAST_APPROVED, row, described(row))
        announce_broadcast(session, row)
    return row


async def _stored(session: AsyncSession, organization_id: UUID, audience: AudienceDescription) -> dict[str, Any]:
    return {**audience.model_dump(mode="json"), "numbers": await spelled(session, organization_id, audience.numbers)}
