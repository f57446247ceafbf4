"""The credits that an organization runs on: adding to them, and what texts take of them (COST).

Whoever takes of them holds the row's lock, which comes after those of the outbox and before the audit chains. An
organization that does not run on credits costs one statement for each batch of texts that have a price list, and the
others none.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import SYSTEM, Action, NewEntry
from api.kit.database import database_time
from api.kit.errors import Conflict, Invalid
from api.kit.money import LARGEST, shown_amount
from api.lines.models import Line
from api.lines.service import list_lines
from api.live.service import announce
from api.prices import queries
from api.prices.errors import NoCredits
from api.prices.models import Credits
from api.prices.rules import Allowance, Estimate, Standing, standing, tells_low
from api.prices.service import require_administrator

CHANGED = "credits"
"""The event that tells open pages that the balance was set, is low or is used up."""


@dataclass(frozen=True)
class CreditSettings:
    is_on: bool
    currency: str
    low_below: Decimal | None


async def credits_of(session: AsyncSession, principal: Principal) -> Credits | None:
    """None if the organization has never run on credits. Raises `PermissionRequired` (PERM-ADMIN)."""
    require_administrator(principal)
    return await queries.credits_of(session, principal.organization_id)


def standing_of(row: Credits) -> Standing:
    return standing(row.balance, low_below=row.low_below)


async def change_credits(session: AsyncSession, principal: Principal, wanted: CreditSettings) -> Credits:
    """Raises `PermissionRequired` (PERM-ADMIN), `Conflict` for another currency while something is left, and `Invalid`
    if a line that is in service has no price list in the currency."""
    require_administrator(principal)
    organization_id = principal.organization_id
    lines = await _lines(session, principal)
    row = await queries.lock_or_make_credits(session, organization_id, currency=wanted.currency)
    if row.currency != wanted.currency and row.balance != 0:
        raise Conflict(f"{shown_amount(row.balance)} {row.currency} are left. Use them up, or take them out, first.")
    if wanted.is_on:
        lacking = [
            line.label
            for line in lines
            if line.enabled and not line.is_sandbox and line.price_currency != wanted.currency
        ]
        if lacking:
            raise Invalid([("/is_on", f"Give “{lacking[0]}” prices in {wanted.currency} first.")])
    before = _said(row)
    row.is_on, row.currency, row.low_below = wanted.is_on, wanted.currency, wanted.low_below
    row.told_low_at = None
    row.updated_at = await database_time(session)
    after = _said(row)
    changes = {name: {"from": before[name], "to": after[name]} for name in after if before[name] != after[name]}
    await session.flush()
    if changes:
        entry = NewEntry(Action.CREDITS_CHANGED, principal.actor, details={"changes": changes})
        await audit.record(session, organization_id, entry)
        announce(session, organization_id, CHANGED)
    return row


async def _lines(session: AsyncSession, principal: Principal) -> list[Line]:
    found: list[Line] = []
    while some := await list_lines(session, principal, after=found[-1].id if found else None, limit=200):
        found += some
    return found


def _said(row: Credits) -> dict[str, object]:
    low = shown_amount(row.low_below) if row.low_below is not None else None
    return {"is_on": row.is_on, "currency": row.currency, "low_below": low}


async def add_credits(session: AsyncSession, principal: Principal, amount: Decimal, *, note: str) -> Credits:
    """A negative amount takes credits out. Raises `PermissionRequired` (PERM-ADMIN), `Conflict` and `Invalid`."""
    require_administrator(principal)
    if amount == 0:
        raise Invalid([("/amount", "Give an amount other than 0.")])
    organization_id = principal.organization_id
    row = await queries.lock_credits(session, organization_id)
    if row is None:
        raise Conflict("This organization does not run on credits.")
    if abs(row.balance + amount) >= LARGEST:
        raise Invalid([("/amount", "That is more than a balance can hold.")])
    before = row.balance
    row.balance += amount
    if amount > 0:
        row.told_low_at = None
    row.updated_at = await database_time(session)
    await session.flush()
    details = {
        "amount": shown_amount(amount),
        "currency": row.currency,
        "balance": {"from": shown_amount(before), "to": shown_amount(row.balance)},
        "note": note,
    }
    await audit.record(session, organization_id, NewEntry(Action.CREDITS_ADDED, principal.actor, details=details))
    announce(session, organization_id, CHANGED)
    return row


# What texts take.


async def locked(session: AsyncSession, organization_id: UUID) -> Credits | None:
    """None if the organization has never run on credits."""
    return await queries.lock_credits(session, organization_id)


async def allowance(session: AsyncSession, organization_id: UUID) -> Allowance | None:
    """The credits that are left, locked for the texts that are about to leave. None: it does not run on credits."""
    row = await locked(session, organization_id)
    return Allowance(row.balance, row.currency) if row is not None and row.is_on else None


async def take(session: AsyncSession, row: Credits, amount: Decimal, *, at: datetime) -> NewEntry | None:
    """Take an amount of the locked credits, or give it back if it is negative.

    Returns the audit entry with which administrators are told that they are low, once a crossing.
    """
    before = standing_of(row)
    row.balance -= amount
    told = row.is_on and tells_low(row.balance, low_below=row.low_below, is_told=row.told_low_at is not None)
    if told:
        row.told_low_at = at
    await session.flush()
    if told or standing_of(row) is not before:
        announce(session, row.organization_id, CHANGED)
    if not told:
        return None
    details = {"balance": shown_amount(row.balance), "currency": row.currency}
    return NewEntry(Action.CREDITS_LOW, SYSTEM, details=details)


async def require_for(session: AsyncSession, line: Line) -> None:
    """Raises `NoCredits` if nothing is left for a text on this line. No statement if it has no price list.

    The claim decides again, by what the text costs.
    """
    if line.price_currency is None:
        return
    row = await queries.credits_of(session, line.organization_id)
    if row is not None and row.is_on:
        require_covered(row, None)


async def require_estimate(session: AsyncSession, organization_id: UUID, estimate: Estimate) -> None:
    """Raises `NoCredits` if the credits do not cover a mass text. No statement if nothing of it has a price."""
    if not estimate.costs:
        return
    row = await queries.credits_of(session, organization_id)
    if row is not None and row.is_on:
        require_covered(row, estimate.costs.get(row.currency))


async def covers(session: AsyncSession, organization_id: UUID, estimate: Estimate) -> bool:
    """Whether the credits cover so much. True if the organization does not run on credits."""
    try:
        await require_estimate(session, organization_id, estimate)
    except NoCredits:
        return False
    return True


def require_covered(row: Credits, needed: Decimal | None) -> None:
    """Raises `NoCredits`."""
    if row.balance > 0 and (needed is None or needed <= row.balance):
        return
    balance, shown = shown_amount(row.balance), None if needed is None else shown_amount(needed)
    if row.balance <= 0:
        detail = "The organization's credits are used up. An administrator can add credits."
    else:
        detail = f"This costs about {shown} {row.currency}, and {balance} {row.currency} of credits are left."
    raise NoCredits(detail, balance=balance, needed=shown, currency=row.currency)
