"""SQL of lists and checks of the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, or_, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import ApiKey, Organization, StaffMember
from api.audit.models import AuditChain, AuditEntry
from api.audit.rules import Action
from api.audit_log.rules import EntryFilter
from api.conversations.models import Conversation, InboxRow, Message
from api.directory.models import PhoneNumber
from api.kit.phone import old_spellings


async def entries(
    session: AsyncSession,
    organization_id: UUID,
    filters: EntryFilter,
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AuditEntry]:
    """Newest first. `before` is the (time, id) of the last entry of the page before."""
    statement = select(AuditEntry).where(AuditEntry.organization_id == organization_id)
    if filters.actor_id is not None:
        statement = statement.where(AuditEntry.actor_id == filters.actor_id)
    if filters.phone_number is not None:
        statement = statement.where(
            AuditEntry.phone_number.in_((filters.phone_number, *old_spellings(filters.phone_number)))
        )
    if filters.conversation_id is not None:
        statement = statement.where(AuditEntry.conversation_id == filters.conversation_id)
    if filters.action is not None:
        statement = statement.where(AuditEntry.action == filters.action.value)
    if filters.since is not None:
        statement = statement.where(AuditEntry.at >= filters.since)
    if filters.until is not None:
        statement = statement.where(AuditEntry.at < filters.until)
    if before is not None:
        statement = statement.where(tuple_(AuditEntry.at, AuditEntry.id) < tuple_(*before))
    newest_first = statement.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)
    return (await session.scalars(newest_first)).all()


CONSENT_ACTIONS = (
    Action.OPT_IN_CHANGED,
    Action.PHONE_NUMBER_STOPPED,
    Action.PHONE_NUMBER_STARTED,
    Action.PHONE_RECORD_REMOVED,
    Action.REFUSAL_LIFTED,
)
"""Changes of a number's consent: they belong to no conversation, and concern each of the number's."""


async def trail(
    session: AsyncSession,
    conversation: InboxRow,
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AuditEntry]:
    """A conversation's entries and the changes of its number's consent, newest first. `before`: as of `entries`."""
    row, number = conversation
    ours = select(AuditEntry).where(AuditEntry.organization_id == row.organization_id)
    spellings = (number.number, *old_spellings(number.number))
    parts = (
        ours.where(AuditEntry.conversation_id == row.id),
        # Each part reads no more of its index than one page.
        ours.where(
            AuditEntry.phone_number.in_(spellings),
            AuditEntry.conversation_id.is_(None),
            AuditEntry.action.in_([action.value for action in CONSENT_ACTIONS]),
        ),
    )
    found: list[AuditEntry] = []
    for part in parts:
        statement = part if before is None else part.where(tuple_(AuditEntry.at, AuditEntry.id) < tuple_(*before))
        page = statement.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)
        found += (await session.scalars(page)).all()
    return sorted(found, key=lambda entry: (entry.at, entry.id), reverse=True)[:limit]


async def is_actor(session: AsyncSession, organization_id: UUID, actor_id: UUID) -> bool:
    """Whether the id is a staff member, API key or phone number of this organization."""
    known = [
        exists().where(table.organization_id == organization_id, table.id == actor_id)
        for table in (StaffMember, ApiKey, PhoneNumber)
    ]
    found: bool = (await session.execute(select(or_(*known)))).scalar_one()
    return found


async def try_verify_lock(session: AsyncSession, key: int) -> bool:
    taken: bool = (await session.execute(select(func.pg_try_advisory_xact_lock(key)))).scalar_one()
    return taken


async def subject_without_chain(session: AsyncSession, organization_id: UUID) -> UUID | None:
    """The organization itself, or a conversation, without any entry. None in a whole log: each is created with one."""
    subjects = union_all(
        select(Organization.id).where(Organization.id == organization_id),
        select(Conversation.id).where(Conversation.organization_id == organization_id),
    ).subquery()
    statement = (
        select(subjects.c.id)
        .where(
            ~exists().where(
                AuditChain.organization_id == organization_id,
                AuditChain.id == subjects.c.id,
                AuditChain.last_number > 0,
            )
        )
        .order_by(subjects.c.id)
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


class UnrecordedMessage(NamedTuple):
    conversation_id: UUID
    message_id: UUID
    chain_length: int
    """Entries of the conversation's chain."""


async def message_without_entry(session: AsyncSession, organization_id: UUID) -> UnrecordedMessage | None:
    """An outbound message without an entry. None in a whole log: both are written together."""
    statement = (
        select(Message.conversation_id, Message.id, AuditChain.last_number)
        .join(
            AuditChain,
            (AuditChain.organization_id == Message.organization_id) & (AuditChain.id == Message.conversation_id),
        )
        .where(
            Message.organization_id == organization_id,
            Message.direction == "outbound",
            ~exists().where(
                AuditEntry.organization_id == Message.organization_id,
                AuditEntry.message_id == Message.id,
                AuditEntry.action == Action.MESSAGE_SENT.value,
            ),
        )
        .order_by(Message.id)
        .limit(1)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else UnrecordedMessage(*row)
