"""Applying status reports: a message's status only advances, and every report is in its timeline (SEND-STATUS)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.rules import SYSTEM
from api.consent import service as consent
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch
from api.directory import service as directory
from api.directory.rules import OptInSource
from api.inbound import queries
from api.inbound.decide import Report, SentMessage, match_reports
from api.kit.database import database_time


async def apply_reports(session: AsyncSession, organization_id: UUID, reports: Sequence[Report]) -> None:
    """A report on a message of another application on the provider's account changes nothing."""
    found = await queries.messages_reported_on(
        session,
        organization_id,
        refs=[each.message_ref for each in reports if each.message_ref is not None],
        provider_ids=[each.status.provider_message_id for each in reports],
    )
    sent = [SentMessage(each.id, each.conversation_id, each.provider_message_id) for each in found]
    matched = match_reports(reports, sent)
    if not matched:
        return
    # The provider refuses these because the recipient has stopped: their numbers are locked too (decision 0006).
    stopped = {message.conversation_id for report, message in matched if report.status.opted_out}
    rows = await conversations.conversations_by_ids(
        session, organization_id, {message.conversation_id for _, message in matched}
    )
    if stopped:
        await directory.lock_phone_numbers(session, organization_id, [rows[each].number.id for each in stopped])
    await conversations.lock_conversations(session, organization_id, rows)
    messages = await queries.messages_by_ids(session, organization_id, {message.id for _, message in matched})
    batch = Batch(organization_id, at=await database_time(session))
    for report, matching in matched:
        row, message = rows[matching.conversation_id], messages[matching.id]
        batch.callback(row.conversation, message, report.status, inbound_event_id=report.event_id)
        if report.status.opted_out:
            entry = consent.stop(row.number, actor=SYSTEM, source=OptInSource.PROVIDER, at=batch.at)
            batch.change_consent(row, entry)
    await batch.write(session)
