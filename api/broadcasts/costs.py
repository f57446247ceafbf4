"""What a mass text is expected to cost, and whether the organization's credits cover it (COST)."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.broadcasts.audience import Content
from api.broadcasts.models import Broadcast
from api.broadcasts.tally import Tally
from api.conversations.message_rules import segments
from api.lines.models import Line
from api.prices import credits
from api.prices.rules import Estimate
from api.prices.service import price_lists


async def new_tally(session: AsyncSession, row: Broadcast, content: Content) -> Tally:
    """With the price lists of the lines that it may leave from."""
    prices = await price_lists(session, row.organization_id, content.choosable.by_id.values())
    return Tally(content.wording, has_media=content.media > 0, prices=prices)


class CostedText(NamedTuple):
    """A text that is about to be queued."""

    line: Line
    number: str
    body: str


async def has_credits(
    session: AsyncSession, organization_id: UUID, texts: Sequence[CostedText], *, has_media: bool
) -> bool:
    """Whether the credits cover these texts, so that they wait before one fails for want of them.

    No statement if their lines have no price lists.
    """
    by_id = {each.line.id: each.line for each in texts}
    prices = await price_lists(session, organization_id, by_id.values())
    if not prices:
        return True
    estimate = Estimate()
    for each in texts:
        counted = segments("" if has_media else each.body)
        estimate.add(prices.get(each.line.id), each.number, segments=counted.count, has_media=has_media)
    return await credits.covers(session, organization_id, estimate)
