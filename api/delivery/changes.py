"""The small changes of a text on its way out, each with its step in the timeline.

Rows that are locked are changed at once; what is the same for many of them, the steps, the outbox entries that go, the
stops, is gathered and written set by set, in the order of locks (decision 0006).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.audit.rules import SYSTEM, NewEntry
from api.consent import service as consent
from api.conversations import message_queries as messages
from api.conversations.message_service import apply_report
from api.conversations.models import Conversation, Message, OutboxEntry
from api.delivery import queries
from api.delivery.rules import next_question
from api.directory.models import PhoneNumber
from api.directory.rules import OptInSource
from api.kit.ids import new_id
from api.live.service import announce_conversation, announce_message, announce_phone_number
from api.providers.port import Accepted, MessageStatus, NotProcessed, StatusReport


class Changes:
    """What one transaction does to messages of one organization. `write` ends it."""

    def __init__(self, session: AsyncSession, organization_id: UUID, *, at: datetime) -> None:
        self._session = session
        self._organization_id = organization_id
        self._at = at
        self._steps: list[dict[str, object]] = []
        self._gone: list[UUID] = []
        self._stops: list[NewEntry] = []

    def claim(self, message: Message, conversation: Conversation, entry: OutboxEntry, *, lease: timedelta) -> UUID:
        """The lease's token."""
        token = new_id()
        entry.state, entry.lease_token = "sending", token
        entry.claimed_at, entry.due_at = self._at, self._at + lease
        entry.attempts += 1
        self._show(message, conversation, MessageStatus.SENDING)
        self._add_step(message, MessageStatus.SENDING.value)
        return token

    def accept(self, message: Message, conversation: Conversation, outcome: Accepted) -> None:
        if message.provider_message_id is None:
            message.provider_message_id = outcome.provider_message_id
        report = _report(outcome.status, code=outcome.code, title=outcome.title)
        apply_report(message, conversation, report, at=self._at)
        self._add_step(message, outcome.status.value, code=outcome.code, detail=outcome.title or outcome.detail)
        self.leave_outbox(message)

    def fail(
        self, message: Message, conversation: Conversation, *, code: str, title: str, source: str = "worker"
    ) -> None:
        self.report(message, conversation, _report(MessageStatus.FAILED, code=code, title=title), source=source)

    def report(
        self, message: Message, conversation: Conversation, report: StatusReport, *, source: str = "reconciliation"
    ) -> None:
        """The message's fate, as the provider or we know it for certain."""
        # Whatever word the provider has for its state, a message that it knows has been handed over (decision 0002).
        known = report if report.status is not None else replace(report, status=MessageStatus.SENT)
        if message.provider_message_id is None and report.provider_message_id:
            message.provider_message_id = report.provider_message_id
        apply_report(message, conversation, known, at=self._at)
        self._add_step(
            message, report.provider_status, source=source, code=report.error_code, detail=report.error_title
        )
        self.leave_outbox(message)

    def try_again(self, message: Message, entry: OutboxEntry, outcome: NotProcessed, *, wait: timedelta) -> None:
        entry.state, entry.lease_token, entry.due_at = "queued", None, self._at + wait
        self._add_step(message, "retrying", code=outcome.code, detail=outcome.detail)

    def make_unknown(self, message: Message, conversation: Conversation, entry: OutboxEntry, *, detail: str) -> None:
        """Only of a message that is `sending`: the status never goes backwards (SEND-STATUS)."""
        entry.state, entry.lease_token = "unknown", None
        entry.attempts = 0
        entry.due_at = self._at + next_question(0)
        self._show(message, conversation, MessageStatus.UNKNOWN)
        self._add_step(message, MessageStatus.UNKNOWN.value, detail=detail)

    def give_up_asking(self, message: Message) -> None:
        detail = "Nothing has been heard of it for a day. It may have arrived."
        self._add_step(message, MessageStatus.UNKNOWN.value, source="reconciliation", detail=detail)
        self.leave_outbox(message)

    def leave_outbox(self, message: Message) -> None:
        self._gone.append(message.id)

    def stop(self, number: PhoneNumber, conversation: Conversation) -> None:
        """The provider says that the recipient has opted out (OPTIN-STOP). The number is locked."""
        entry = consent.stop(number, actor=SYSTEM, source=OptInSource.PROVIDER, at=self._at)
        if entry is not None:
            self._stops.append(entry)
            announce_phone_number(self._session, self._organization_id, number.number)
        announce_conversation(self._session, self._organization_id, conversation.id)

    async def write(self) -> None:
        await self._session.flush()
        await queries.remove_entries(self._session, self._organization_id, self._gone)
        await messages.add_timeline_entries(self._session, [{"id": new_id(), **each} for each in self._steps])
        await audit.record(self._session, self._organization_id, *self._stops, at=self._at)

    def _show(self, message: Message, conversation: Conversation, status: MessageStatus) -> None:
        message.status = status.value
        if conversation.last_seq == message.seq:
            conversation.last_message_status = message.status

    def _add_step(
        self,
        message: Message,
        status: str,
        *,
        source: str = "worker",
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        self._steps.append(
            {
                "organization_id": self._organization_id,
                "message_id": message.id,
                "at": self._at,
                "status": status,
                "source": source,
                "code": code,
                "detail": detail,
            }
        )
        announce_message(self._session, self._organization_id, message.conversation_id, message.id, seq=message.seq)


def _report(status: MessageStatus, *, code: str | None = None, title: str | None = None) -> StatusReport:
    return StatusReport(
        provider_message_id="",
        status=status,
        provider_status=status.value,
        error_code=code,
        error_title=title,
        opted_out=False,
        provider_time=None,
    )
