"""Files of scheduled texts (LATER): a text holds its uploads until it leaves or is withdrawn.

The caller has locked the conversation.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.conversations import scheduled_file_queries as queries
from api.conversations.message_rules import SentFile
from api.conversations.scheduled_models import ScheduledText
from api.kit.errors import Conflict

KEEP_FREED = timedelta(days=1)
"""How long the files of a withdrawn text stay: it may be scheduled again."""

FAR = timedelta(days=3660)
"""A held file is not deleted by its age. Processes of the release before know this time only."""

MAX_HELD = 2_000
"""Files that the scheduled texts of an organization hold."""


async def hold_files(session: AsyncSession, text: ScheduledText, files: Sequence[SentFile]) -> None:
    """The stored text takes uploads, which the caller has locked. Raises `Conflict` if too many are held."""
    if not files:
        return
    if await queries.count_held(session, text.organization_id) + len(files) > MAX_HELD:
        raise Conflict("Too many files wait with scheduled texts. Send or withdraw some first.")
    ids = [each.source for each in files]
    await queries.hold(session, text.organization_id, text.id, ids, expires_at=text.updated_at + FAR)


async def free_files(session: AsyncSession, text: ScheduledText, principal: Principal) -> list[UUID]:
    """The text's files become uploads of the principal, in their order, for a day: to be sent or held again."""
    return await queries.free(session, text.organization_id, text.id, owner_id=principal.id, keep=KEEP_FREED)
