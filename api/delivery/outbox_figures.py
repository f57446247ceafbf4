"""How many texts of an organization wait in its outbox, and since when."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.delivery import queries

MAX_COUNTED = 10_000


class OutboxFigures(NamedTuple):
    """Counts stop at `MAX_COUNTED`."""

    waiting: int
    sending: int
    unknown: int
    oldest_waiting_at: datetime | None
    """When the text that has waited longest was accepted."""


async def outbox_figures(session: AsyncSession, organization_id: UUID) -> OutboxFigures:
    counts = await queries.count_outbox(session, organization_id, up_to=MAX_COUNTED)
    oldest = await queries.oldest_waiting_at(session, organization_id)
    return OutboxFigures(counts["queued"], counts["sending"], counts["unknown"], oldest)
