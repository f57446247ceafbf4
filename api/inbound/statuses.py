"""Applying status callbacks: a message's delivery state only moves forward, and every callback is kept."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.audit.rules import SYSTEM, NewEntry
from api.consent import service as consent
from api.conversations import queries as conversation_queries
from api.conversations.message_service import apply_report
from api.conversations.models import TimelineEntry
from api.directory import queries as directory
from api.directory.models import PhoneNumber
from api.directory.rules import OptInSource
from api.inbound import queries
from api.inbound.models import InboundEvent
from api.kit.database import database_time
from api.live.service import announce_conversation, announce_message, announce_phone_number
from api.providers.port import MessageStatus, StatusReport


async def apply_statuses(
    session: AsyncSession, organization_id: UUID, reports: Sequence[tuple[InboundEvent, StatusReport]]
) -> None:
    """A report on a message that is not ours (another application's on the account) changes nothing."""
    found = await queries.messages_reported_on(
        session,
        organization_id,
        refs=[event.message_ref for event, _ in reports if event.message_ref is not None],
        provider_ids=[report.provider_message_id for _, report in reports],
    )
    by_ref = {message.id: message for message in found}
    by_provider_id = {message.provider_message_id: message for message in found}
    matched: list[tuple[InboundEvent, StatusReport, UUID]] = []
    for event, report in reports:
        message = by_provider_id.get(report.provider_message_id)
        if message is None and event.message_ref is not None:
            message = by_ref.get(event.message_ref)
        if message is not None:
            matched.append((event, report, message.id))
    if not matched:
        return
    # Locks in the order of the house: numbers (where a stop may follow), conversations, messages.
    conversation_ids = {by_ref[message_id].conversation_id for _, _, message_id in matched}
    numbers: dict[UUID, PhoneNumber] = {}
    if any(report.opted_out for _, report, _ in matched):
        for conversation_id in conversation_ids:
            row = await conversation_queries.conversation(session, organization_id, conversation_id)
            assert row is not None
            numbers[row.conversation.id] = row.number
        await directory.lock_phone_numbers(session, organization_id, [number.id for number in numbers.values()])
    locked = await conversation_queries.lock_conversations(session, organization_id, sorted(conversation_ids))
    current = {
        message.id: message
        for message in await queries.messages_reported_on(
            session, organization_id, refs=[message_id for _, _, message_id in matched], provider_ids=[]
        )
    }
    at = await database_time(session)
    entries: list[NewEntry] = []
    for event, report, message_id in matched:
        message = current[message_id]
        session.add(
            TimelineEntry(
                organization_id=organization_id,
                message_id=message_id,
                at=at,
                status=report.provider_status,
                source="provider",
                code=report.error_code,
                detail=report.error_title,
                inbound_event_id=event.id,
            )
        )
        if message.provider_message_id is None:
            message.provider_message_id = report.provider_message_id
        if message.provider_message_id == report.provider_message_id:
            apply_report(message, locked[message.conversation_id], report, at=at)
        if report.opted_out:
            number = numbers[message.conversation_id]
            entry = consent.stop(number, actor=SYSTEM, source=OptInSource.PROVIDER, at=at)
            if entry is not None:
                entries.append(entry)
                announce_phone_number(session, organization_id, number.number)
                announce_conversation(session, organization_id, message.conversation_id)
        announce_message(session, organization_id, message.conversation_id, message_id, seq=message.seq)
    await session.flush()
    told = [each.id for each in current.values() if each.status != MessageStatus.UNKNOWN.value]
    await queries.settle_unknown(session, organization_id, told)
    await audit.record(session, organization_id, *entries, at=at)
