"""Mass texts: previewing, confirming, and reading them.

`drafts.py` writes them, `control.py` pauses and cancels, `expansion.py` sends.

Whoever reads or changes them has `sms_logs` and `mass_text` (PERM-SEND).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.errors import PermissionRequired
from api.access.models import Organization
from api.access.rules import Permission, Principal, first_missing
from api.audit import service as audit
from api.audit.rules import Action, Actor, NewEntry
from api.away.rules import OpeningHours
from api.broadcasts import files, queries
from api.broadcasts.audience import Content, Given, read_audience, resolve
from api.broadcasts.costs import new_tally
from api.broadcasts.errors import ApprovalRequired, ConfirmationRequired
from api.broadcasts.fields import Wording
from api.broadcasts.hours import Availability
from api.broadcasts.models import Broadcast, BroadcastRecipient
from api.broadcasts.rules import (
    MAX_DRAFTS,
    MAX_RECIPIENTS,
    BroadcastState,
    Deed,
    LeftOut,
    RecipientState,
    Warned,
    after,
    warnings,
)
from api.broadcasts.tally import Hours, Resolved, Tally
from api.broadcasts.types import AudienceDescription
from api.directory import service as directory
from api.events.service import record_entries
from api.kit.bulk import insert_together
from api.kit.database import database_time, notify
from api.kit.errors import Conflict, NotFound
from api.kit.ids import new_id
from api.kit.preconditions import require_unchanged
from api.kit.times import rfc3339
from api.lines import service as lines
from api.lines.daily import texts_left
from api.lines.defaults import choosable_lines
from api.lines.models import Line
from api.lines.rules import Day
from api.live.service import announce
from api.prices import credits
from api.saved_replies.rules import unknown_fields

CHANNEL = "messenger_broadcasts"
"""NOTIFY that a worker has something to do for a mass text."""

NOBODY = "Nobody in this audience can be texted. The preview says why."


@dataclass(frozen=True)
class Confirmation:
    recipients: int | None
    """How many the person has seen and confirmed."""
    any_hour_reason: str | None
    """Why it goes at any hour (PERM-HOURS)."""


@dataclass(frozen=True)
class LineShare:
    line: Line
    recipients: int
    seconds: float | None
    """How long it takes them; None if the line has no rate limit."""
    later: int
    """Of these, those that are over the line's limit of the day on which it goes."""


@dataclass(frozen=True)
class Preview:
    tally: Tally
    unknown: Sequence[str]
    hours: Hours
    lines: Sequence[LineShare]
    warnings: Sequence[Warned]
    confirm_above: int
    missing_approvals: int


def require_mass_text(principal: Principal, *more: Permission) -> None:
    """Raises `PermissionRequired` (PERM-SEND, PERM-HOURS)."""
    missing = first_missing(principal.permissions, (Permission.SMS_LOGS, Permission.MASS_TEXT, *more))
    if missing is not None:
        raise PermissionRequired(missing)


# Preview.


@dataclass(frozen=True)
class Prepared:
    """A mass text with what resolving its audience needs."""

    row: Broadcast
    organization: Organization
    content: Content
    given: Given


async def prepared(
    session: AsyncSession, principal: Principal, broadcast_id: UUID, *, any_hour: bool = False
) -> Prepared:
    """As of when it goes. `any_hour`: outside the hours too. Raises `NotFound`."""
    row = await require(session, principal, broadcast_id)
    organization = await access.organization(session, row.organization_id)
    at = await database_time(session)
    return await _prepare(
        session, organization, row, sender=principal, at=max(at, row.send_at or at), any_hour=any_hour
    )


async def preview_broadcast(
    session: AsyncSession, principal: Principal, broadcast_id: UUID, *, any_hour: bool = False
) -> Preview:
    """Who would get it now, who would not and why, and what it would say (MASS-PREVIEW). Changes nothing.

    `any_hour`: as if somebody confirmed it outside the hours. Raises `PermissionRequired` (PERM-HOURS).
    """
    if any_hour:
        require_mass_text(principal, Permission.MASS_TEXT_ANY_HOUR)
    ready = await prepared(session, principal, broadcast_id, any_hour=any_hour)
    row, organization, content, given = ready.row, ready.organization, ready.content, ready.given
    tally = await new_tally(session, row, content)
    async for _ in _tallied(session, ready, tally):
        pass
    return Preview(
        tally=tally,
        unknown=given.unknown[:20],
        hours=tally.hours(content.available),
        lines=await _shares(session, organization, content, tally),
        warnings=warnings(row.body, footer=row.footer, unknown_fields=unknown_fields(row.body)),
        confirm_above=organization.mass_text_confirm_above,
        missing_approvals=_missing_approvals(organization, row, principal, tally.recipients),
    )


async def _tallied(session: AsyncSession, ready: Prepared, tally: Tally) -> AsyncIterator[Sequence[Resolved]]:
    """The audience slice by slice, added up.

    Raises `Conflict` for one that is too large, as soon as that is seen. The reader takes all of it otherwise.
    """
    async for some in resolve(session, ready.organization.id, ready.given, ready.content):
        await asyncio.to_thread(tally.add, some)
        _require_bounded(tally)
        yield some
    if ready.given.unknown:
        tally.left_out[LeftOut.UNKNOWN.value] += len(ready.given.unknown)


async def _prepare(
    session: AsyncSession,
    organization: Organization,
    row: Broadcast,
    *,
    sender: Principal,
    at: datetime,
    any_hour: bool = False,
) -> Prepared:
    given = await read_audience(
        session,
        organization.id,
        AudienceDescription.model_validate(row.audience),
        failed_of=row.retry_of_broadcast_id,
    )
    line = await lines.require_line(session, organization.id, row.line_id) if row.line_id is not None else None
    content = Content(
        wording=wording_of(row, organization, my_name=sender.name if sender.staff_member_id else None),
        media_urls=len(row.media_urls),
        files=files.files_of(row),
        line=line,
        choosable=await choosable_lines(session, organization.id),
        available=availability(organization, at=at, any_hour=any_hour or row.any_hour_reason is not None),
    )
    return Prepared(row, organization, content, given)


def wording_of(row: Broadcast, organization: Organization, *, my_name: str | None) -> Wording:
    return Wording.of(row.body, row.header, row.footer, row.fallbacks, business=organization.name, my_name=my_name)


def availability(organization: Organization, *, at: datetime, any_hour: bool) -> Availability:
    stored = organization.mass_text_hours
    hours = OpeningHours.read(stored) if stored is not None else None
    return Availability(at, hours=hours, timezone=organization.timezone, any_hour=any_hour)


def _require_bounded(tally: Tally) -> None:
    if tally.considered > MAX_RECIPIENTS:
        raise Conflict(f"This audience has more than {MAX_RECIPIENTS:,} numbers. Send it in parts.")


async def _shares(session: AsyncSession, organization: Organization, content: Content, tally: Tally) -> list[LineShare]:
    found: list[LineShare] = []
    used = [content.choosable.by_id[each] for each in tally.by_line]
    day = Day.at(content.available.at, timezone=organization.timezone)
    left = await texts_left(session, organization.id, used, day=day) if used else {}
    for line_id, recipients in tally.by_line.most_common():
        line = content.choosable.by_id[line_id]
        rate = lines.line_settings(line).messages_per_second
        later = max(0, recipients - left[line_id])
        found.append(LineShare(line, recipients, recipients / rate if rate else None, later))
    return found


# Confirming.


async def send_broadcast(
    session: AsyncSession, principal: Principal, broadcast_id: UUID, confirmation: Confirmation
) -> Broadcast:
    """Confirm a draft: its audience is frozen (MASS-PREVIEW), and it goes, or waits for its time.

    Raises `PermissionRequired` (PERM-HOURS), `Conflict` if it is not a draft or reaches nobody,
    `ConfirmationRequired`, `ApprovalRequired` and `NoCredits`.
    """
    overrides = (Permission.MASS_TEXT_ANY_HOUR,) if confirmation.any_hour_reason is not None else ()
    require_mass_text(principal, *overrides)
    row = await lock(session, principal, broadcast_id)
    at = await database_time(session)
    is_later = row.send_at is not None and row.send_at > at
    deed = Deed.SCHEDULE if is_later else Deed.SEND
    require_possible(row, deed)
    organization = await access.organization(session, row.organization_id)
    row.any_hour_reason = confirmation.any_hour_reason
    leaves_at = row.send_at if is_later and row.send_at is not None else at
    tally = await _freeze(session, organization, row, sender=principal, at=leaves_at)
    _require_confirmed(organization, tally, confirmation)
    if missing := _missing_approvals(organization, row, principal, tally.recipients):
        raise ApprovalRequired(missing)
    await credits.require_estimate(session, row.organization_id, tally.estimate)
    move(row, deed)
    row.recipients, row.left_out, row.segments = tally.recipients, dict(tally.left_out), tally.segments.total
    row.estimate = tally.estimate.as_json()
    row.sender, row.confirmed_at, row.is_active, row.updated_at = principal.actor.as_json(), at, True, at
    row.started_at = None if is_later else at
    row.counts = {}
    await session.flush()
    await _record_confirmed(session, principal, row, tally)
    announce_broadcast(session, row)
    wake(session, row.organization_id)
    return row


async def _freeze(
    session: AsyncSession, organization: Organization, row: Broadcast, *, sender: Principal, at: datetime
) -> Tally:
    ready = await _prepare(session, organization, row, sender=sender, at=at)
    if numbers := ready.given.numbers:
        stored = await directory.phone_numbers(session, organization.id, numbers)
        # In one statement, in the order of ids (decision 0006).
        new = [each for each in numbers if each not in stored]
        await directory.ensure_phone_numbers(session, organization.id, new)
    tally = await new_tally(session, row, ready.content)
    async for some in _tallied(session, ready, tally):
        rows = await asyncio.to_thread(_recipients, row, some, at)
        await insert_together(session, BroadcastRecipient, rows)
    return tally


def _recipients(row: Broadcast, resolved: Sequence[Resolved], at: datetime) -> list[dict[str, object]]:
    return [
        {
            "organization_id": row.organization_id,
            "id": new_id(),
            "broadcast_id": row.id,
            "phone_number_id": each.phone_number_id,
            "line_id": each.line_id,
            "owner_kind": each.kind.value if each.kind else None,
            "owner_id": each.owner_id,
            "state": (RecipientState.WAITING if each.is_recipient else RecipientState.SKIPPED).value,
            "reason": each.reason,
            "fields": dict(each.fields) if each.is_recipient and each.fields else None,
            "due_at": at,
        }
        for each in resolved
        if each.is_row
    ]


def _require_confirmed(organization: Organization, tally: Tally, confirmation: Confirmation) -> None:
    if tally.recipients == 0:
        raise Conflict(NOBODY)
    confirmed = confirmation.recipients
    if confirmed is None and tally.recipients <= organization.mass_text_confirm_above:
        return
    if confirmed != tally.recipients:
        raise ConfirmationRequired(tally.recipients, confirmed=confirmed)


def _missing_approvals(organization: Organization, row: Broadcast, sender: Principal, recipients: int) -> int:
    """How many more administrators have to agree: two in all, of whom an administrator who sends it is one."""
    if not organization.mass_text_needs_approval or recipients <= organization.mass_text_confirm_above:
        return 0
    agree = {each["id"] for each in row.approvals}
    if sender.is_admin and sender.staff_member_id is not None:
        agree.add(str(sender.id))
    return max(0, 2 - len(agree))


async def _record_confirmed(session: AsyncSession, principal: Principal, row: Broadcast, tally: Tally) -> None:
    details: dict[str, Any] = {
        "recipients": tally.recipients,
        "left_out": dict(tally.left_out),
        "segments": tally.segments.total,
        "estimate": tally.estimate.as_json(),
        **described(row),
        "send_at": rfc3339(row.send_at) if row.send_at and row.state == BroadcastState.SCHEDULED else None,
    }
    await record(session, principal.actor, Action.BROADCAST_CONFIRMED, row, details)
    if row.any_hour_reason is not None:
        reason = {"reason": row.any_hour_reason}
        await record(session, principal.actor, Action.BROADCAST_HOURS_OVERRIDDEN, row, reason)


# Reading.


async def require(session: AsyncSession, principal: Principal, broadcast_id: UUID) -> Broadcast:
    """Raises `NotFound` if the id is not in the principal's organization (PERM-TENANT)."""
    require_mass_text(principal)
    row = await queries.broadcast(session, principal.organization_id, broadcast_id)
    if row is None:
        raise NotFound("There is no such mass text.")
    return row


async def lock(session: AsyncSession, principal: Principal, broadcast_id: UUID) -> Broadcast:
    """Locked, and as the request says. Raises `NotFound` and `PreconditionFailed`."""
    row = await queries.lock_broadcast(session, principal.organization_id, broadcast_id)
    if row is None:
        raise NotFound("There is no such mass text.")
    await require_unchanged(session)
    return row


async def list_broadcasts(
    session: AsyncSession,
    principal: Principal,
    *,
    states: Sequence[BroadcastState],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Broadcast]:
    """The newest first."""
    require_mass_text(principal)
    return await queries.broadcasts(session, principal.organization_id, states=states, before=before, limit=limit)


# Shared with `control.py` and `expansion.py`.


def require_possible(row: Broadcast, deed: Deed) -> BroadcastState:
    """The state after the deed. Raises `Conflict` if it is refused in the mass text's state (MASS-STATES)."""
    state = after(BroadcastState(row.state), deed)
    if state is None:
        raise Conflict(f"This mass text is {_IN_WORDS[BroadcastState(row.state)]}, so that is not possible.")
    return state


async def require_few_drafts(session: AsyncSession, organization_id: UUID) -> None:
    """Raises `Conflict` if there are as many mass texts as there may be that are neither sent nor cancelled."""
    if await queries.count_unended(session, organization_id, up_to=MAX_DRAFTS) >= MAX_DRAFTS:
        raise Conflict(f"There are {MAX_DRAFTS} mass texts that are neither sent nor cancelled. Cancel some first.")


def move(row: Broadcast, deed: Deed) -> None:
    """Raises `Conflict`. The caller sets the columns that belong to the state before its next statement."""
    row.state = require_possible(row, deed).value


_IN_WORDS = {
    BroadcastState.DRAFT: "a draft",
    BroadcastState.SCHEDULED: "scheduled",
    BroadcastState.SENDING: "being sent",
    BroadcastState.PAUSED: "paused",
    BroadcastState.SENT: "sent",
    BroadcastState.CANCELLED: "cancelled",
}


async def record(
    session: AsyncSession, actor: Actor, action: Action, row: Broadcast, details: Mapping[str, Any]
) -> None:
    said = {"broadcast_id": str(row.id), "name": row.name, **details}
    entry = NewEntry(action, actor, details=said)
    await audit.record(session, row.organization_id, entry)
    record_entries(session, row.organization_id, [entry])


def announce_broadcast(session: AsyncSession, row: Broadcast) -> None:
    announce(
        session,
        row.organization_id,
        "broadcast",
        broadcast_id=str(row.id),
        state=row.state,
        recipients=row.recipients,
        counts=row.counts,
    )


def wake(session: AsyncSession, organization_id: UUID) -> None:
    """Wake the workers that expand mass texts."""
    notify(session, CHANNEL, {"organization_id": str(organization_id)})


def described(row: Broadcast) -> dict[str, Any]:
    """What it says, and to whom, as the audit log has it. Of the audience: its filters, and how many were given one
    by one."""
    audience = dict(row.audience)
    for name in ("numbers", "external_ids"):
        audience[name] = len(audience.get(name, ()))
    return {
        "name": row.name,
        "body": row.body,
        "header": row.header,
        "footer": row.footer,
        "fallbacks": row.fallbacks,
        "media": row.media_urls,
        "attachments": [each["name"] for each in row.files],
        "line_id": str(row.line_id) if row.line_id is not None else None,
        "send_at": rfc3339(row.send_at) if row.send_at is not None else None,
        "audience": audience,
    }
