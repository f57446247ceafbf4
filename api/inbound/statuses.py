"""Applying status callbacks: a message's status only moves forward, and every callback is kept."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.rules import SYSTEM
from api.consent import service as consent
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch
from api.directory import queries as directory
from api.directory.rules import OptInSource
from api.inbound import queries
from api.inbound.models import InboundEvent
from api.kit.database import database_time
from api.providers.port import StatusReport


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
    # Locks in the order of decision 0006: numbers (where a stop may follow), conversations.
    rows = await conversations.conversations_by_ids(
        session, organization_id, {by_ref[message_id].conversation_id for _, _, message_id in matched}
    )
    stopping = {by_ref[message_id].conversation_id for _, report, message_id in matched if report.opted_out}
    if stopping:
        await directory.lock_phone_numbers(session, organization_id, [rows[each].number.id for each in stopping])
    await conversations.lock_conversations(session, organization_id, rows)
    current = {
        message.id: message
        for message in await queries.messages_reported_on(
            session, organization_id, refs=[message_id for _, _, message_id in matched], provider_ids=[]
        )
    }
    batch = Batch(organization_id, at=await database_time(session))
    for event, report, message_id in matched:
        message = current[message_id]
        row = rows[message.conversation_id]
        batch.callback(row.conversation, message, report, inbound_event_id=event.id)
        if report.opted_out:
            stop = consent.stop(row.number, actor=SYSTEM, source=OptInSource.PROVIDER, at=batch.at)
            batch.change_consent(row, stop)
    await batch.write(session)
