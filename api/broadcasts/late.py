"""Reports that come after a mass text has ended: a worker counts it once more, so that its counts stay right.

`expansion` follows the reports of the first minutes by itself (`FOLLOWED`).
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.broadcasts.expansion import FOLLOWED
from api.broadcasts.models import Broadcast
from api.broadcasts.rules import BroadcastState
from api.conversations.models import Message
from api.kit.bulk import is_any

MARGIN = timedelta(minutes=1)
"""From so long before the worker's last count on: a report that is committed after it is not lost."""


async def count_again(session: AsyncSession, organization_id: UUID, messages: Iterable[Message]) -> None:
    """The statuses of these messages change in this transaction. Their conversations are locked.

    Locks mass texts that have ended long ago, in the order of their ids. A worker locks conversations under the lock of
    one only while it is being sent or cancelled (decision 0006).
    """
    ids = {message.broadcast_id for message in messages if message.broadcast_id is not None}
    if not ids:
        return
    is_over = or_(
        Broadcast.state == BroadcastState.SENT.value,
        and_(Broadcast.state == BroadcastState.CANCELLED.value, ~Broadcast.is_active),
    )
    ended = await session.scalars(
        select(Broadcast.id)
        .where(
            Broadcast.organization_id == organization_id,
            Broadcast.id == is_any(ids),
            Broadcast.finished_at < func.now() - (FOLLOWED - MARGIN),
            is_over,
        )
        .order_by(Broadcast.id)
        .with_for_update(key_share=True)
    )
    await session.execute(
        update(Broadcast)
        .where(Broadcast.organization_id == organization_id, Broadcast.id == is_any(ended.all()), ~Broadcast.is_active)
        .values(is_active=True)
        .execution_options(synchronize_session=False)
    )
