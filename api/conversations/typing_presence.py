"""Who is writing in a conversation (TYPING). Nothing is stored: a notification reaches the open event streams."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.conversations.service import require_conversation
from api.kit.database import database_time
from api.kit.errors import Forbidden
from api.kit.times import rfc3339
from api.live.service import announce

SHOWN_FOR = timedelta(seconds=6)
"""How long colleagues see it. A page repeats its request every three seconds while somebody types."""

EVENT_EVERY_SECONDS = 2.0
"""A person's further requests in a conversation within this time are answered, and announce nothing."""

MAX_REMEMBERED = 10_000


class TypingLimits:
    """When each person's typing in a conversation was last announced by this process."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._announced: OrderedDict[tuple[UUID, UUID], float] = OrderedDict()

    def allows(self, staff_member_id: UUID, conversation_id: UUID) -> bool:
        who, now = (staff_member_id, conversation_id), self._clock()
        last = self._announced.get(who)
        if last is not None and now - last < EVENT_EVERY_SECONDS:
            return False
        self._announced[who] = now
        self._announced.move_to_end(who)
        if len(self._announced) > MAX_REMEMBERED:
            self._announced.popitem(last=False)
        return True


async def announce_typing(
    session: AsyncSession, principal: Principal, conversation_id: UUID, *, limits: TypingLimits
) -> None:
    """Tell the organization's streams that the person is writing, without what. Raises `NotFound`, and `Forbidden`
    for an API key.
    """
    if principal.staff_member_id is None:
        raise Forbidden("Only a staff member can be seen to write.")
    await require_conversation(session, principal.organization_id, conversation_id)
    if limits.allows(principal.staff_member_id, conversation_id):
        until = await database_time(session) + SHOWN_FOR
        announce(
            session,
            principal.organization_id,
            "typing",
            conversation_id=str(conversation_id),
            staff_member_id=str(principal.staff_member_id),
            name=principal.name,
            until=rfc3339(until),
        )
