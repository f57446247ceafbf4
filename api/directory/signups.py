"""Numbers that become opted in and so get the organization's sign-up message, each once (MASS-SIGNUP).

The row is written in the transaction of the consent. A worker of the `broadcasts` slice sends the message.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, all_, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from api.access.models import Organization
from api.directory.models import PhoneRecord
from api.directory.rules import OptInState
from api.kit.bulk import insert_together, is_any, uuids
from api.kit.database import Base, OrganizationRow
from api.kit.ids import new_id


class Signup(OrganizationRow, Base):
    """A number that gets, or has got, the sign-up message. `id` is the id of its message, from the first."""

    __tablename__ = "signups"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "phone_number_id"], ["phone_numbers.organization_id", "phone_numbers.id"]
        ),
        CheckConstraint("state IN ('waiting', 'sent')", name="state"),
        # Never again for the same number.
        UniqueConstraint("organization_id", "phone_number_id"),
        Index("ix_signups_due", "organization_id", "due_at", "id", postgresql_where=text("state = 'waiting'")),
    )

    phone_number_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """Waiting: when the message may be queued."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


async def note_signups(
    session: AsyncSession, organization_id: UUID, record_ids: Collection[UUID], *, new: Collection[UUID]
) -> None:
    """Note the numbers of these phone records, which are about to be opted in. Their numbers are locked.

    `new`: the records that this transaction has made. A number that is opted in already is not noted: another record
    says so, and none of those that were there before says anything else.
    """
    if not record_ids:
        return
    other = aliased(PhoneRecord)
    of_number = (other.organization_id == organization_id) & (other.phone_number_id == PhoneRecord.phone_number_id)
    opted_in = other.opt_in_state == OptInState.OPTED_IN.value
    found = await session.scalars(
        select(PhoneRecord.phone_number_id)
        .join(Organization, (Organization.id == PhoneRecord.organization_id) & (Organization.mass_text_signup != ""))
        .where(
            PhoneRecord.organization_id == organization_id,
            PhoneRecord.id == is_any(record_ids),
            PhoneRecord.opt_in_state != OptInState.OPTED_IN.value,
            ~exists().where(of_number, opted_in) | exists().where(of_number, ~opted_in, other.id != all_(uuids(new))),
        )
        .distinct()
    )
    rows = [{"organization_id": organization_id, "id": new_id(), "phone_number_id": each} for each in found]
    await insert_together(session, Signup, rows, skip_existing=True)
