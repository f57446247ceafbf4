"""Asking providers for their own figures of what texts cost, where their reports do not name them (COST).

A line's texts of the last days are compared with its provider's list, a page of which has a thousand. What a text has
cost by the price list is replaced by the provider's figure, and the credits by the difference.
"""

import random
from collections.abc import Sequence
from datetime import timedelta

import structlog

from api.conversations import service as conversations
from api.conversations.lifecycle import Batch
from api.costs import queries
from api.kit.database import Database, database_time
from api.kit.money import Money
from api.kit.secrets import SecretBox
from api.kit.slices import slices
from api.lines.models import Line
from api.lines.service import open_line
from api.providers.port import CannotTell, ListsPrices
from api.providers.registry import Providers

LINES_AT_ONCE = 8

BATCH = 200
"""Messages of one transaction."""

FURTHEST = timedelta(days=3)
"""How long a provider may take to name its figure."""

GRACE = timedelta(minutes=1)

SLACK = timedelta(hours=6)
"""How much later than it was accepted here a text may have been sent by the provider."""

log = structlog.get_logger(__name__)


async def take_due_lines(database: Database, providers: Providers, *, interval: timedelta) -> Sequence[Line]:
    names = [name for name, provider in providers.by_name.items() if isinstance(provider, ListsPrices)]
    async with database.transaction() as session:
        # Not all lines of a business are due at once.
        wait = interval * (0.9 + 0.2 * random.random())  # noqa: S311  # Spreads requests over time; nothing secret.
        next_at = await database_time(session) + wait
        return await queries.take_due_lines(session, names, next_at=next_at, limit=LINES_AT_ONCE)


async def fetch_figures(database: Database, line: Line, *, providers: Providers, secrets: SecretBox) -> int:
    """Returns how many texts have got their provider's figure."""
    provider = providers.get(line.provider)
    if not isinstance(provider, ListsPrices):
        return 0
    async with database.transaction() as session:
        now = await database_time(session)
        since, until = max(line.prices_fetched_until or line.created_at, now - FURTHEST), now - GRACE
        lacking = await queries.lacking(session, line, since=since, until=until)
        if lacking.first_at is None or lacking.last_at is None:
            await queries.set_fetched_until(session, line, until)
            return 0
    listed = await provider.list_prices(
        open_line(line, secrets), since=lacking.first_at - GRACE, until=min(now, lacking.last_at + SLACK)
    )
    if isinstance(listed, CannotTell):
        log.warning("costs.figures_not_fetched", line_id=str(line.id), error=listed.detail)
        return 0
    prices = {each.provider_message_id: each.price for each in listed}
    stored = 0
    for some in slices(list(prices), BATCH):
        stored += await _store(database, line, {each: prices[each] for each in some})
    async with database.transaction() as session:
        rest = await queries.lacking(session, line, since=since, until=until)
        await queries.set_fetched_until(session, line, rest.first_at or until)
    return stored


async def _store(database: Database, line: Line, prices: dict[str, Money]) -> int:
    async with database.transaction() as session:
        found = await queries.lacking_among(session, line, list(prices))
        if not found:
            return 0
        ids = {message_id for message_id, _, _ in found}
        organization_id = line.organization_id
        await conversations.lock_conversations(session, organization_id, {each[1] for each in found})
        batch = Batch(organization_id, at=await database_time(session))
        for message in await queries.messages_again(session, organization_id, ids):
            if message.provider_message_id is not None:
                batch.correct_price(message, prices[message.provider_message_id])
        await batch.write(session)
    return len(ids)
