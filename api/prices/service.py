"""Price lists of lines (COST). `credits.py` has the organization's credits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.errors import PermissionRequired
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.kit.errors import Conflict, Invalid
from api.kit.money import shown_amount
from api.lines.models import Line
from api.lines.service import lock_line, require_line
from api.prices import queries
from api.prices.queries import has_prices as has_prices
from api.prices.rules import Price, PriceList, problems

LIST_IS_NEEDED = "The organization runs on credits in {currency}, so this line needs prices in {currency}."


@dataclass(frozen=True)
class LinePrices:
    """A line's price list as it was set."""

    currency: str | None
    """None: there is no price list."""
    prices: Sequence[Price]


def require_administrator(principal: Principal) -> None:
    """Raises `PermissionRequired` (PERM-ADMIN)."""
    if not principal.is_admin:
        raise PermissionRequired(None)


async def line_prices(session: AsyncSession, principal: Principal, line_id: UUID) -> LinePrices:
    """Raises `PermissionRequired` (PERM-ADMIN) and `NotFound`."""
    require_administrator(principal)
    line = await require_line(session, principal.organization_id, line_id)
    found = await queries.prices(session, principal.organization_id, [line.id])
    return LinePrices(line.price_currency, found.get(line.id, []))


async def change_line_prices(
    session: AsyncSession, principal: Principal, line_id: UUID, wanted: LinePrices
) -> LinePrices:
    """Replace a line's price list. What was sent keeps what it cost.

    Raises `PermissionRequired` (PERM-ADMIN), `NotFound`, `Invalid`, and `Conflict` if credits need the old list,
    or for a sandbox line.
    """
    require_administrator(principal)
    if wrong := problems(wanted.currency, wanted.prices):
        raise Invalid(wrong)
    organization_id = principal.organization_id
    line = await lock_line(session, organization_id, line_id)
    if line.is_sandbox and wanted.currency is not None:
        raise Conflict("Texts on a sandbox line cost nothing, so it has no prices.")
    credits = await queries.lock_credits(session, organization_id)
    if (
        credits is not None
        and credits.is_on
        and line.enabled
        and not line.is_sandbox
        and wanted.currency != credits.currency
    ):
        raise Conflict(LIST_IS_NEEDED.format(currency=credits.currency))
    before = LinePrices(
        line.price_currency, (await queries.prices(session, organization_id, [line.id])).get(line.id, [])
    )
    after = LinePrices(wanted.currency, sorted(wanted.prices, key=lambda each: each.country or "~"))
    if _said(before) != _said(after):
        line.price_currency = after.currency
        await queries.replace_prices(session, organization_id, line.id, after.prices)
        await session.flush()
        changes = {"prices": {"from": _said(before), "to": _said(after)}}
        details = {"line_id": str(line.id), "label": line.label, "changes": changes}
        await audit.record(
            session, organization_id, NewEntry(Action.LINE_PRICES_CHANGED, principal.actor, details=details)
        )
    return after


def _said(given: LinePrices) -> dict[str, object]:
    return {
        "currency": given.currency,
        "prices": [
            {"country": each.country, "text": shown_amount(each.text), "picture": shown_amount(each.picture)}
            for each in given.prices
        ],
    }


async def price_lists(session: AsyncSession, organization_id: UUID, lines: Iterable[Line]) -> dict[UUID, PriceList]:
    """The price lists of these lines, by line. No statement if none of them has one."""
    currencies = {line.id: line.price_currency for line in lines if line.price_currency is not None}
    if not currencies:
        return {}
    found = await queries.prices(session, organization_id, currencies)
    return {line_id: PriceList.of(currency, found.get(line_id, [])) for line_id, currency in currencies.items()}
