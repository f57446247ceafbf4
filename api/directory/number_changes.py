"""Tells the open screens that what they show of a number has changed: its consent, or who holds it.

`phone_numbers.version` grows with it. It is part of the version of each conversation with the number, so a row that was
read before never replaces one that was read after.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.directory.models import PhoneNumber
from api.kit.bulk import is_any
from api.kit.phone import spellings
from api.live.service import announce, announce_phone_number

MAX_ANNOUNCED = 100
"""Numbers that are announced one by one. After a change of more, every page loads what it shows again."""


async def numbers_changed(session: AsyncSession, organization_id: UUID, numbers: Collection[str]) -> None:
    """Raise the versions of these numbers and of their other spellings (NUMBER-ONE), and announce them.

    Call it in the transaction of the change, before its audit entries are written: it locks numbers (decision 0006).
    """
    if not numbers:
        return
    every = {each for number in numbers for each in spellings(number)}
    locked = (
        select(PhoneNumber.id)
        .where(PhoneNumber.organization_id == organization_id, PhoneNumber.number == is_any(every, "text"))
        .order_by(PhoneNumber.id)
        .with_for_update(key_share=True)
        .cte("locked")
        .prefix_with("MATERIALIZED")
    )
    await session.execute(
        update(PhoneNumber)
        .where(PhoneNumber.organization_id == organization_id, PhoneNumber.id == locked.c.id)
        .values(version=PhoneNumber.version + 1)
        .execution_options(synchronize_session=False)
    )
    if len(numbers) <= MAX_ANNOUNCED:
        for number in sorted(numbers):
            announce_phone_number(session, organization_id, number)
    else:
        announce(session, organization_id, "resync")
