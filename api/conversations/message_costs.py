"""What messages cost, and what they take of the credits: the part of `lifecycle.Batch` that COST needs."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.rules import NewEntry
from api.conversations.models import Message
from api.kit.database import database_time
from api.kit.money import Money
from api.prices import credits
from api.prices.rules import Cost, CostSource, PriceList, by_provider, credits_used, settled_cost
from api.providers.port import MessageStatus


def stored_cost(message: Message) -> Cost | None:
    if message.cost is None or message.cost_currency is None or message.cost_source is None:
        return None
    return Cost(message.cost, message.cost_currency, CostSource(message.cost_source))


def cost_of(message: Message) -> Cost | None:
    """What the message cost, as far as it is known."""
    return settled_cost(stored_cost(message), status=MessageStatus(message.status))


def list_cost(prices: PriceList | None, number: str, message: Message) -> Cost | None:
    """What the message costs by the price list of its line, if it has one."""
    if prices is None:
        return None
    cost = prices.cost(number, segments=message.segments, has_media=bool(message.media))
    return Cost(cost.amount, cost.currency, CostSource.LIST) if cost is not None else None


def _set(message: Message, cost: Cost | None) -> None:
    if cost != stored_cost(message):
        message.cost = cost.amount if cost else None
        message.cost_currency = cost.currency if cost else None
        message.cost_source = cost.source.value if cost else None


class CostChanges:
    """Costs of messages that change, in memory. `store` takes the sum of the credits in one statement."""

    def __init__(self) -> None:
        self._taken = Decimal(0)
        self._changed: dict[UUID, Message] = {}
        """Messages that have taken of the credits, whose status or cost may have changed."""

    def claimed(self, message: Message, cost: Cost | None, *, takes: Decimal | None) -> None:
        """It is about to be posted. `takes`: of the credits; None: the organization does not run on them."""
        _set(message, cost)
        message.credits = takes
        self._taken += takes or Decimal(0)

    def reported(self, message: Message, price: Money | None) -> None:
        """Its status is known, and perhaps the provider's own figure."""
        if price is not None:
            _set(message, by_provider(price))
        if message.credits is None:
            return
        # Most reports change nothing, and cost no lock of the credits.
        returns_them = message.status == MessageStatus.FAILED.value and message.credits > 0
        takes_again = message.status != MessageStatus.FAILED.value and message.credits == 0 and bool(message.cost)
        if price is not None or returns_them or takes_again:
            self._changed[message.id] = message

    async def store(self, session: AsyncSession, organization_id: UUID) -> NewEntry | None:
        """Returns an audit entry if administrators are told now that the credits are low."""
        if not self._taken and not self._changed:
            return None
        row = await credits.locked(session, organization_id)
        if row is None:
            return None
        more = self._taken
        for message in self._changed.values():
            before, status = message.credits or Decimal(0), MessageStatus(message.status)
            used = credits_used(stored_cost(message), status=status, currency=row.currency, taken=before)
            if used != before:
                message.credits = used
                more += used - before
        if not more:
            return None
        return await credits.take(session, row, more, at=await database_time(session))
