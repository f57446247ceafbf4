"""The lifecycle of messages and conversations. Only this module changes a message's status, its timeline, and the row
of its conversation.

A use case locks the rows, decides with the pure rules, adds what was decided to a `Batch` and writes the batch:

    row = await lock_conversation(session, organization_id, conversation_id)
    batch = Batch(organization_id, at=await database_time(session))
    batch.change(row, rules.staff_reopens(state_of(row.conversation)), actor=principal.actor)
    await batch.write(session)

| change | method |
| --- | --- |
| a message arrives | `receive` |
| a message is accepted for sending | `queue` |
| a worker claims it, or loses its outcome | `move` |
| it has a cost, since a worker has claimed it (COST) | `price` |
| its provider's own figure is fetched | `correct_price` |
| the outcome of a post, or of a reconciliation | `report` |
| a status callback | `callback` |
| an entry of the timeline that moves nothing | `note` |
| a conversation is seen, closed, opened, or overdue | `change` |
| a number is stopped or started | `change_consent` |
| the text or the files of a received message change | `show_again` |
| a message gets other metadata | `set_message_metadata` |
| something else that the inbox shows of it changes, such as its viewers | `touch` |
| a text is counted as not sent, or no longer (NOT-SENT) | `count_not_sent` |
| somebody has seen to every text that was not sent | `settle_not_sent` |
| a conversation gets another assignee (ASSIGN), or other metadata | `assign`, `set_metadata` |

The methods run no SQL. They change the locked rows in memory, in the order of the calls, and gather the new rows.
`write` stores everything, set by set: changed rows, messages, outbox entries, timeline entries, audit entries. Then it
records the events (HOOK), announces what changed and wakes the workers that send.

Locks (decision 0006): the caller has locked the phone numbers whose consent is decided or changed, then the
conversations, then the outbox entries. `write` locks only audit chains, which come last.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.audit.rules import BESIDE_THREADS, SYSTEM, Action, Actor, NewEntry
from api.conversations import message_queries as queries
from api.conversations import outbox
from api.conversations.message_costs import CostChanges
from api.conversations.message_events import message_received, message_sent, status_changed
from api.conversations.message_rules import (
    Automatic,
    Direction,
    EntrySource,
    OutgoingText,
    ReceivedText,
    advances,
    segments,
    sent_media,
    shown_media,
)
from api.conversations.models import Conversation, InboxRow, Message, TimelineEntry
from api.conversations.outbox import OUTBOX_CHANNEL as OUTBOX_CHANNEL
from api.conversations.reactions import ReceivedReaction, place_reactions
from api.conversations.rows import apply_state as apply_state
from api.conversations.rows import conversation_entry as conversation_entry
from api.conversations.rows import number_actor as number_actor
from api.conversations.rows import reminder_of as reminder_of
from api.conversations.rows import state_of as state_of
from api.conversations.rules import Change, Status, Transition, preview
from api.conversations.tapbacks import read_tapback
from api.conversations.team_changes import TeamChanges
from api.directory.number_changes import numbers_changed
from api.events.service import record_events
from api.kit.bulk import insert_together
from api.kit.ids import new_id
from api.kit.lexemes import search_vector
from api.kit.metadata import changed_keys
from api.kit.money import Money
from api.live.service import announce_conversation, announce_message, announce_thread_entry
from api.notifications.rules import Kind
from api.notifications.service import tell_all
from api.prices.rules import Cost
from api.providers.port import MessageStatus, StatusReport

ACTIONS = {
    Change.OPENED: Action.CONVERSATION_OPENED,
    Change.CLOSED: Action.CONVERSATION_CLOSED,
    Change.BECAME_UNREAD: Action.CONVERSATION_UNREAD,
}

UNEXPLAINED = "The provider could not deliver it and did not say why."


def show_as_last(conversation: Conversation, message: Message) -> None:
    """Show the message in the list of conversations, as its conversation's last."""
    shown = preview(message.body, media=len(shown_media(message.media)))
    _show(conversation, message.direction, shown, message.status, at=message.created_at)


def _show(conversation: Conversation, direction: str, shown: str, status: str, *, at: datetime) -> None:
    conversation.last_message_direction = direction
    conversation.last_message_preview = shown
    conversation.last_message_status = status
    conversation.last_message_created_at = at
    conversation.last_message_at = at


def set_status(conversation: Conversation, message: Message, status: MessageStatus) -> None:
    message.status = status.value
    if conversation.last_seq == message.seq:
        conversation.last_message_status = status.value


def apply_report(conversation: Conversation, message: Message, report: StatusReport, *, at: datetime) -> None:
    """Move the message's status by the report, if the report advances it (SEND-STATUS), and keep its first error."""
    if report.error_code is not None and message.error_code is None:
        message.error_code = report.error_code
        message.error_title = report.error_title
    if report.status is None or not advances(MessageStatus(message.status), report.status):
        return
    set_status(conversation, message, report.status)
    if report.status in {MessageStatus.SENT, MessageStatus.DELIVERED} and message.sent_at is None:
        message.sent_at = at
    if report.status is MessageStatus.DELIVERED:
        message.delivered_at = at
    if report.status in {MessageStatus.FAILED, MessageStatus.UNDELIVERED} and message.error_code is None:
        message.error_code = report.provider_status
        message.error_title = UNEXPLAINED


def sent_entry(row: InboxRow, message: Message, actor: Actor) -> NewEntry:
    details: dict[str, object] = {"seq": message.seq, "segments": message.segments}
    if message.retry_of_message_id is not None:
        details["retry_of_message_id"] = str(message.retry_of_message_id)
    if message.answers is not None:
        details["answers"] = message.answers
    if message.is_away:
        details["automatic"] = Automatic.AWAY.value
    if message.is_signup:
        details["automatic"] = Automatic.SIGNUP.value
    if message.broadcast_id is not None:
        details["broadcast_id"] = str(message.broadcast_id)
    entry = conversation_entry(Action.MESSAGE_SENT, actor, row, message_id=message.id, details=details)
    return replace(entry, after_seq=message.seq)


def _priority(text: OutgoingText) -> outbox.Priority:
    if text.answers is not None:
        return outbox.Priority.CONFIRMATION
    is_to_many = text.broadcast is not None or text.is_signup
    return outbox.Priority.MASS_TEXT if is_to_many else outbox.Priority.REPLY


def _turn(organization_id: UUID, text: OutgoingText) -> UUID | None:
    """The mass text in whose turn it leaves. Sign-up messages are one together, of the organization's id."""
    if text.is_signup:
        return organization_id
    return text.broadcast.id if text.broadcast else None


class Batch(TeamChanges):
    """Changes of one organization's conversations and messages at one time, in one transaction."""

    def __init__(self, organization_id: UUID, *, at: datetime) -> None:
        """`at`: the database's time, taken once the rows are locked."""
        super().__init__(organization_id, at=at)
        self._received: list[dict[str, object]] = []
        self._reactions: list[ReceivedReaction] = []
        self._sent: list[dict[str, object]] = []
        self._queued: list[outbox.NewEntry] = []
        self._removed: list[UUID] = []
        self._freed: set[UUID] = set()
        """Conversations of which a later text may leave now."""
        self._reported: list[Message] = []
        self._timeline: list[dict[str, object]] = []
        self._costs = CostChanges()
        self._changed_numbers: set[str] = set()
        self._announced_messages: dict[UUID, tuple[UUID, int]] = {}

    def receive(self, row: InboxRow, text: ReceivedText, transition: Transition) -> None:
        """Add a message that arrived, numbered and counted as `transition` says."""
        conversation, status, seq = row.conversation, MessageStatus.RECEIVED.value, transition.state.last_seq
        self._received.append(
            {
                "organization_id": self.organization_id,
                "id": text.message_id,
                "conversation_id": conversation.id,
                "line_id": conversation.line_id,
                "seq": seq,
                "direction": Direction.INBOUND.value,
                "body": text.content.body,
                "media": text.media,
                "status": status,
                "segments": text.content.segments.count,
                "encoding": text.content.segments.encoding.value,
                "search": text.content.search,
                "asks_to_stop": text.content.asks_to_stop,
                "provider_message_id": text.provider_message_id,
                "provider_time": text.provider_time,
                "created_at": self.at,
                "updated_at": self.at,
            }
        )
        self._add_timeline_entry(text.message_id, status, text.source, inbound_event_id=text.inbound_event_id)
        self._announced_messages[text.message_id] = (conversation.id, seq)
        tapback = None if text.media else read_tapback(text.content.body)
        if tapback is not None:
            self._reactions.append(ReceivedReaction(text.message_id, conversation.id, seq, tapback))
        self._events.append(message_received(conversation, text.message_id, seq=seq))
        self.change(row, transition, actor=number_actor(row.number), message_id=text.message_id)
        if transition.state.status is Status.UNREAD:
            self.tell(Kind.MESSAGE, conversation.id)
        shown = preview(text.content.body, media=len(text.media))
        _show(self._to_store(conversation), Direction.INBOUND.value, shown, status, at=self.at)

    def queue(self, row: InboxRow, text: OutgoingText, transition: Transition) -> Message:
        """Add a message to be sent, and its outbox entry. Returns it as it will be stored."""
        sent_by = text.sent_by
        # A picture message is one part, whatever its text.
        media = sent_media(text.media_urls, text.files)
        counted = segments("" if media else text.body)
        columns: dict[str, object] = {
            "organization_id": self.organization_id,
            "id": text.message_id or new_id(),
            "conversation_id": row.conversation.id,
            "line_id": row.conversation.line_id,
            "seq": transition.state.last_seq,
            "direction": Direction.OUTBOUND.value,
            "body": text.body,
            "media": media,
            "status": MessageStatus.QUEUED.value,
            "segments": counted.count,
            "encoding": counted.encoding.value,
            "asks_to_stop": False,
            "sent_by_staff_member_id": sent_by.staff_member_id if sent_by else None,
            "sent_by_api_key_id": sent_by.id if sent_by and sent_by.staff_member_id is None else None,
            "opt_in_check": text.check.as_json(),
            "retry_of_message_id": text.retry_of,
            "answers": text.answers.value if text.answers else None,
            "is_away": text.is_away,
            "is_signup": text.is_signup,
            "broadcast_id": text.broadcast.id if text.broadcast else None,
            "broadcast_name": text.broadcast.name if text.broadcast else None,
            "client_key": text.client_key,
            "created_at": self.at,
            "updated_at": self.at,
        }
        message = Message(**columns, metadata_={**text.metadata})
        search = search_vector(text.body, organization_id=self.organization_id)
        self._sent.append({**columns, "metadata": message.metadata_, "search": search})
        self._queued.append(
            outbox.NewEntry(
                message_id=message.id,
                conversation_id=message.conversation_id,
                line_id=message.line_id,
                seq=message.seq,
                priority=_priority(text),
                due_at=self.at,
                broadcast_id=_turn(self.organization_id, text),
                not_after=text.broadcast.not_after if text.broadcast else None,
                past_gate=text.answers is not None,
            )
        )
        self.note(message, message.status, source=EntrySource.STAFF if sent_by else EntrySource.WORKER)
        actor = sent_by.actor if sent_by else SYSTEM
        self.record(sent_entry(row, message, actor))
        self._events.append(message_sent(message, actor))
        self.change(row, transition, actor=actor)
        show_as_last(self._to_store(row.conversation), message)
        if text.settles_not_sent:
            self.settle_not_sent(row.conversation)
        return message

    def move(
        self, conversation: Conversation, message: Message, status: MessageStatus, *, detail: str | None = None
    ) -> None:
        """A worker has claimed the message (`sending`) or lost the outcome of a post (`unknown`).

        The caller has checked that the status does not go backwards (SEND-STATUS).
        """
        before = message.status
        set_status(self._to_store(conversation), message, status)
        self._events += status_changed(message, before)
        self.note(message, status.value, detail=detail)
        if status is MessageStatus.UNKNOWN:
            self.let_next_leave(message.conversation_id)

    def price(self, message: Message, cost: Cost | None, *, takes: Decimal | None) -> None:
        """A claimed message's cost, and what it takes of the credits (COST)."""
        self._costs.claimed(message, cost, takes=takes)

    def correct_price(self, message: Message, price: Money) -> None:
        """The provider's own figure, of a message whose conversation is locked."""
        self._costs.reported(message, price)

    def report(
        self,
        conversation: Conversation,
        message: Message,
        report: StatusReport,
        *,
        source: EntrySource = EntrySource.WORKER,
        detail: str | None = None,
    ) -> None:
        """The outcome of a message, final for the outbox. `detail`: what the timeline says, if not the error's title.

        A provider that knows the message has taken it over: a status without an equivalent of ours is `sent`
        (decision 0002).
        """
        if message.provider_message_id is None and report.provider_message_id:
            message.provider_message_id = report.provider_message_id
        known = report if report.status is not None else replace(report, status=MessageStatus.SENT)
        before = message.status
        apply_report(self._to_store(conversation), message, known, at=self.at)
        self._events += status_changed(message, before)
        self._costs.reported(message, report.price)
        self.count_not_sent(conversation, message)
        self.note(
            message,
            report.provider_status,
            source=source,
            code=report.error_code,
            detail=detail or report.error_title,
        )
        self.leave_outbox(message)

    def callback(
        self, conversation: Conversation, message: Message, report: StatusReport, *, inbound_event_id: UUID
    ) -> None:
        """A status callback. Each one is in the timeline; a callback about another id of the provider moves nothing.

        If it resolves an unknown outcome, the outbox entry is removed.
        """
        if message.provider_message_id is None:
            message.provider_message_id = report.provider_message_id
        if message.provider_message_id == report.provider_message_id:
            before = message.status
            apply_report(self._to_store(conversation), message, report, at=self.at)
            self._events += status_changed(message, before)
            self._costs.reported(message, report.price)
            self.count_not_sent(conversation, message)
        self.note(
            message,
            report.provider_status,
            source=EntrySource.PROVIDER,
            code=report.error_code,
            detail=report.error_title,
            inbound_event_id=inbound_event_id,
        )
        self._reported.append(message)

    def note(
        self,
        message: Message,
        status: str,
        *,
        source: EntrySource = EntrySource.WORKER,
        code: str | None = None,
        detail: str | None = None,
        inbound_event_id: UUID | None = None,
    ) -> None:
        """Add an entry to the message's timeline."""
        self._announce_message(message)
        self._add_timeline_entry(
            message.id, status, source, code=code, detail=detail, inbound_event_id=inbound_event_id
        )

    def leave_outbox(self, message: Message) -> None:
        """Remove the message's outbox entry, whatever its state."""
        self._removed.append(message.id)
        self.let_next_leave(message.conversation_id)

    def let_next_leave(self, conversation_id: UUID) -> None:
        """A text of the conversation holds up the later ones no longer, or less (SEND-ORDER)."""
        self._freed.add(conversation_id)

    def change(self, row: InboxRow, transition: Transition, *, actor: Actor, message_id: UUID | None = None) -> None:
        """Change a conversation's state. `actor` caused the change; `message_id` is the message that did, if any."""
        conversation, before = row.conversation, state_of(row.conversation)
        if transition.state != before:
            apply_state(self._to_store(conversation), transition.state, at=self.at)
            self.announce_conversation(conversation.id)
        if transition.change is not None:
            self.record(conversation_entry(ACTIONS[transition.change], actor, row, message_id=message_id))
        if message_id is not None and before.is_later and not transition.state.is_later:
            details = {"cause": "answered"}
            self.record(conversation_entry(Action.REMINDER_DUE, actor, row, message_id=message_id, details=details))

    def change_consent(self, row: InboxRow, entry: NewEntry | None) -> None:
        """A stop or a start of the locked number, as `consent.stop` or `consent.start` has returned it.

        Nothing happens if that is None: the number was stopped, or not stopped, already.
        """
        if entry is not None:
            self.record(entry)
            self._changed_numbers.add(row.number.number)
            self.touch(row.conversation)

    def show_again(self, conversation: Conversation, message: Message) -> None:
        """The text or the files of a stored message have changed."""
        if conversation.last_seq == message.seq:
            show_as_last(conversation, message)
            conversation.updated_at = self.at
        self._announce_message(message)
        self.touch(conversation)

    def set_message_metadata(self, row: InboxRow, message: Message, metadata: dict[str, str], *, actor: Actor) -> None:
        """Replace a stored message's metadata, if it is another."""
        keys = changed_keys(message.metadata_, metadata)
        if keys:
            message.metadata_, message.updated_at = metadata, self.at
            action, details = Action.MESSAGE_METADATA_CHANGED, {"keys": keys}
            self.record(conversation_entry(action, actor, row, message_id=message.id, details=details))
            self._announce_message(message)
            self.touch(row.conversation)

    def touch(self, conversation: Conversation) -> None:
        """Raise the version of a locked conversation and announce it: what the inbox shows of it changes."""
        self.announce_conversation(self._to_store(conversation).id)

    async def write(self, session: AsyncSession) -> None:
        """Store the changes and announce them, in the caller's transaction. Call it once, after every lock.

        It detaches the changed conversations from the session.
        """
        organization_id = self.organization_id
        if (told := await self._costs.store(session, organization_id)) is not None:
            self.record(told)
        if self._reopened:
            self.record(*await self._reopening_entries(session))
        for conversation in self._changed.values():
            conversation.version += 1
        await queries.store_conversations(session, list(self._changed.values()))
        await session.flush()
        await queries.settle_not_sent(session, organization_id, self._settled)
        await insert_together(session, Message, self._received)
        for target in await place_reactions(session, organization_id, self._reactions):
            self._announced_messages.setdefault(target.id, (target.conversation_id, target.seq))
        await insert_together(session, Message, self._sent)
        await queries.remove_outbox_entries(session, organization_id, self._removed)
        await queries.remove_outbox_entries(session, organization_id, self._resolved(), state="unknown")
        await outbox.enqueue_many(session, organization_id, self._queued)
        await outbox.place(session, organization_id, self._freed)
        await insert_together(session, TimelineEntry, self._timeline)
        await numbers_changed(session, organization_id, self._changed_numbers)
        entry_ids = await audit.record(session, organization_id, *self._entries, at=self.at)
        record_events(session, organization_id, self._events)
        await tell_all(session, organization_id, list(self._told.values()))
        self._announce(session, entry_ids)

    def _resolved(self) -> Sequence[UUID]:
        """Messages whose outcome a callback reported."""
        return [message.id for message in self._reported if message.status != MessageStatus.UNKNOWN.value]

    def _announce(self, session: AsyncSession, entry_ids: Sequence[UUID]) -> None:
        organization_id = self.organization_id
        for message_id, (conversation_id, seq) in self._announced_messages.items():
            announce_message(session, organization_id, conversation_id, message_id, seq=seq)
        for entry, entry_id in zip(self._entries, entry_ids, strict=True):
            if entry.conversation_id is not None and entry.action not in BESIDE_THREADS:
                announce_thread_entry(
                    session, organization_id, entry.conversation_id, kind="audit_entry", entry_id=entry_id
                )
        for conversation_id in self._announced_conversations:
            announce_conversation(session, organization_id, conversation_id)

    def _add_timeline_entry(
        self,
        message_id: UUID,
        status: str,
        source: EntrySource,
        *,
        code: str | None = None,
        detail: str | None = None,
        inbound_event_id: UUID | None = None,
    ) -> None:
        self._timeline.append(
            {
                "organization_id": self.organization_id,
                "id": new_id(),
                "message_id": message_id,
                "at": self.at,
                "status": status,
                "source": source.value,
                "code": code,
                "detail": detail,
                "inbound_event_id": inbound_event_id,
            }
        )

    def _announce_message(self, message: Message) -> None:
        self._announced_messages[message.id] = (message.conversation_id, message.seq)
