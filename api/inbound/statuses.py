"""Applying status reports: a message's status only advances, and every report is in its timeline (SEND-STATUS)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.rules import SYSTEM
from api.broadcasts.late import count_again
from api.consent import service as consent
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch
from api.conversations.models import InboxRow
from api.directory.rules import OptInSource
from api.inbound import queries
from api.inbound.decide import Report, SentMessage, match_reports


@dataclass(frozen=True)
class Reported:
    """Reports with the messages that they are about. Nothing of it is locked."""

    matched: Sequence[tuple[Report, SentMessage]]
    rows: Mapping[UUID, InboxRow]
    """The messages' conversations, by id."""

    @property
    def stopped_numbers(self) -> list[str]:
        """Numbers whose texts the provider refuses because they have stopped."""
        return [
            self.rows[sent.conversation_id].number.number for report, sent in self.matched if report.status.opted_out
        ]

    @property
    def pairs(self) -> list[tuple[UUID, UUID]]:
        """The conversations, by the ids of line and phone number."""
        return [(row.conversation.line_id, row.conversation.phone_number_id) for row in self.rows.values()]


async def find_reported(session: AsyncSession, organization_id: UUID, reports: Sequence[Report]) -> Reported:
    """A report on a message of another application on the provider's account is left out."""
    if not reports:
        return Reported((), {})
    found = await queries.messages_reported_on(
        session,
        organization_id,
        refs=[each.message_ref for each in reports if each.message_ref is not None],
        provider_ids=[each.status.provider_message_id for each in reports],
    )
    sent = [SentMessage(each.id, each.conversation_id, each.provider_message_id) for each in found]
    matched = match_reports(reports, sent)
    conversation_ids = {message.conversation_id for _, message in matched}
    rows = await conversations.conversations_by_ids(session, organization_id, conversation_ids) if matched else {}
    return Reported(matched, rows)


async def apply_reports(session: AsyncSession, batch: Batch, reported: Reported) -> None:
    """Add the reports to the batch. The caller has locked the stopped numbers, and then the conversations."""
    message_ids = {message.id for _, message in reported.matched}
    if not message_ids:
        return
    messages = await queries.messages_by_ids(session, batch.organization_id, message_ids)
    for report, matching in reported.matched:
        row, message = reported.rows[matching.conversation_id], messages[matching.id]
        batch.callback(row.conversation, message, report.status, inbound_event_id=report.event_id)
        if report.status.opted_out:
            entry = consent.stop(row.number, actor=SYSTEM, source=OptInSource.PROVIDER, at=batch.at)
            batch.change_consent(row, entry)
    await count_again(session, batch.organization_id, messages.values())
