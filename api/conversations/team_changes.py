"""The part of `lifecycle.Batch` that a team's tools need: texts that were not sent, and who has a conversation."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.rules import SYSTEM, Action, Actor, NewEntry
from api.conversations import message_queries as queries
from api.conversations.message_rules import is_not_sent
from api.conversations.models import Conversation, InboxRow, Message
from api.conversations.rows import apply_state, conversation_entry, state_of
from api.conversations.rules import text_fails
from api.events.rules import NewEvent, event_of
from api.kit.ids import new_id
from api.kit.metadata import changed_keys
from api.notifications.rules import Kind, NewNotice
from api.providers.port import MessageStatus


class TeamChanges:
    """Changes of one organization's conversations, in memory. `lifecycle.Batch` stores them."""

    def __init__(self, organization_id: UUID, *, at: datetime) -> None:
        self.organization_id = organization_id
        self.at = at
        self._changed: dict[UUID, Conversation] = {}
        self._entries: list[NewEntry] = []
        self._events: list[NewEvent] = []
        self._announced_conversations: dict[UUID, None] = {}
        self._settled: list[UUID] = []
        """Conversations whose texts that were not sent need nobody any more."""
        self._reopened: list[tuple[Conversation, UUID]] = []
        """Closed conversations, each with the failed message that opened it."""
        self._told: dict[tuple[Kind, UUID, UUID | None], NewNotice] = {}

    def record(self, *entries: NewEntry) -> None:
        """Add audit entries, and the events that they are (HOOK). They are written in the order of the calls."""
        self._entries += entries
        self._events += [event for entry in entries if (event := event_of(entry)) is not None]

    def announce_conversation(self, conversation_id: UUID) -> None:
        self._announced_conversations[conversation_id] = None

    def tell(
        self, kind: Kind, conversation_id: UUID, staff_member_id: UUID | None = None, *, by: str | None = None
    ) -> None:
        """Tell one person, or everyone who wants it, once, however often it happens in this batch."""
        notice = NewNotice(new_id(), kind, conversation_id, staff_member_id, by)
        self._told[kind, conversation_id, staff_member_id] = notice

    def _to_store(self, conversation: Conversation) -> Conversation:
        """The conversation, whose changes `write` will store."""
        self._changed[conversation.id] = conversation
        return conversation

    def count_not_sent(self, conversation: Conversation, message: Message, *, overdue: bool = False) -> None:
        """Count the message as not sent, or no longer, as its status says (NOT-SENT). A closed conversation opens.

        `overdue`: its outcome has been unknown for long.
        """
        counted = is_not_sent(
            MessageStatus(message.status),
            counted=message.not_sent,
            is_automatic=message.answers is not None or message.broadcast_id is not None or message.is_signup,
            is_overdue=overdue,
        )
        if counted is message.not_sent:
            return
        self._to_store(conversation)
        conversation.not_sent = max(0, conversation.not_sent + bool(counted) - bool(message.not_sent))
        message.not_sent = counted
        if counted and message.sent_by_staff_member_id is not None:
            self.tell(Kind.NOT_SENT, conversation.id, message.sent_by_staff_member_id)
        transition = text_fails(state_of(conversation))
        if counted and transition.change is not None:
            apply_state(conversation, transition.state, at=self.at)
            self._reopened.append((conversation, message.id))
        conversation.updated_at = self.at
        self.announce_conversation(conversation.id)

    def settle_not_sent(self, conversation: Conversation) -> int:
        """Somebody has answered, or dismissed every text that was not sent (NOT-SENT). Returns how many they were."""
        settled = conversation.not_sent
        if settled:
            self._to_store(conversation).not_sent = 0
            conversation.updated_at = self.at
            self._settled.append(conversation.id)
            self.announce_conversation(conversation.id)
        return settled

    def count_again(self, conversation: Conversation, count: int) -> None:
        """Texts that were dismissed count again (NOT-SENT). The caller changes the messages."""
        if count:
            self._to_store(conversation).not_sent += count
            conversation.updated_at = self.at
            self.announce_conversation(conversation.id)

    def settle_retried(self, conversation: Conversation, message: Message) -> None:
        """The message was sent again, as a new one (NOT-SENT). It is stored by the session."""
        if message.not_sent:
            self._to_store(conversation).not_sent = max(0, conversation.not_sent - 1)
        message.not_sent = False

    def assign(self, row: InboxRow, assignee_id: UUID | None, *, actor: Actor) -> bool:
        """Give the conversation to a staff member, or to nobody (ASSIGN). False if they have it already.

        Who gets it from somebody else is told.
        """
        conversation, before = row.conversation, row.conversation.assignee_id
        if before == assignee_id:
            return False
        self._to_store(conversation).assignee_id = assignee_id
        conversation.updated_at = self.at
        action = Action.CONVERSATION_RELEASED if assignee_id is None else Action.CONVERSATION_ASSIGNED
        details = {"from_id": str(before) if before else None, "to_id": str(assignee_id) if assignee_id else None}
        self.record(conversation_entry(action, actor, row, details=details))
        if assignee_id is not None and actor.id != assignee_id:
            self.tell(Kind.ASSIGNED, conversation.id, assignee_id, by=actor.name)
        self.announce_conversation(conversation.id)
        return True

    def set_metadata(self, row: InboxRow, metadata: dict[str, str], *, actor: Actor) -> None:
        """Replace the conversation's metadata, if it is another."""
        keys = changed_keys(row.conversation.metadata_, metadata)
        if keys:
            self._to_store(row.conversation).metadata_ = metadata
            row.conversation.updated_at = self.at
            details = {"keys": keys}
            self.record(conversation_entry(Action.CONVERSATION_METADATA_CHANGED, actor, row, details=details))
            self.announce_conversation(row.conversation.id)

    async def _reopening_entries(self, session: AsyncSession) -> list[NewEntry]:
        """NOT-SENT: each closed conversation that a failed text has opened, once."""
        conversations = [conversation for conversation, _ in self._reopened]
        numbers = await queries.numbers_of(session, self.organization_id, conversations)
        return [
            NewEntry(
                Action.CONVERSATION_OPENED,
                SYSTEM,
                conversation_id=conversation.id,
                message_id=message_id,
                phone_number=numbers[conversation.phone_number_id],
                details={"cause": "not_sent"},
                after_seq=conversation.last_seq,
            )
            for conversation, message_id in self._reopened
        ]
