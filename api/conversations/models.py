"""Tables of conversations and messages."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from api.directory.models import PhoneNumber
from api.kit.database import Base, OrganizationChildRow, OrganizationRow
from api.kit.lexemes import search_vector
from api.kit.metadata_filter import metadata_column, metadata_index

GIN_PENDING_LIST_KB = 512
"""Every search reads the whole pending list, and the insert that fills it sorts it in. The default of 4 MB is slow for
both."""

STATUSES = "'received', 'queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'unknown'"

IS_DEFERRED = "reminder_at IS NOT NULL AND reminder_due_since IS NULL"
"""The conversation has a reminder that is not due yet (REMIND)."""

UNADOPTED_MEDIA = "direction = 'inbound' AND jsonb_path_exists(media, '$[*].url')"
"""Received messages of versions before 0005, which stored the provider's addresses: their files have no rows yet."""


class Conversation(OrganizationRow, Base):
    """Everything texted between one line and one phone number. Its columns change only under its row lock, and only in
    `lifecycle.py`."""

    __tablename__ = "conversations"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        ForeignKeyConstraint(
            ["organization_id", "phone_number_id"], ["phone_numbers.organization_id", "phone_numbers.id"]
        ),
        UniqueConstraint("organization_id", "line_id", "phone_number_id"),
        CheckConstraint("status IN ('unread', 'open', 'closed')", name="status"),
        CheckConstraint("0 <= seen_seq AND seen_seq <= last_seq", name="seen_seq"),
        CheckConstraint("unread_messages >= 0", name="unread_messages"),
        CheckConstraint("status <> 'unread' OR unread_messages > 0", name="unread_has_messages"),
        CheckConstraint("(seen_deadline IS NULL) OR (status = 'open')", name="seen_deadline"),
        ForeignKeyConstraint(["organization_id", "assignee_id"], ["staff_members.organization_id", "staff_members.id"]),
        ForeignKeyConstraint(
            ["organization_id", "reminder_set_by_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        CheckConstraint("not_sent >= 0", name="not_sent"),
        Index("ix_conversations_list", "organization_id", "last_message_at", "id"),
        Index("ix_conversations_list_by_status", "organization_id", "status", "last_message_at", "id"),
        Index("ix_conversations_phone_number", "organization_id", "phone_number_id"),
        metadata_index("conversations"),
        Index(
            "ix_conversations_unread",
            "organization_id",
            postgresql_include=["unread_messages"],
            postgresql_where=text("status = 'unread'"),
        ),
        Index("ix_conversations_open", "organization_id", postgresql_where=text("status = 'open'")),
        Index(
            "ix_conversations_seen_deadline",
            "organization_id",
            "seen_deadline",
            postgresql_where=text("seen_deadline IS NOT NULL"),
        ),
        Index(
            "ix_conversations_now",
            "organization_id",
            postgresql_where=text(f"status = 'open' AND NOT ({IS_DEFERRED})"),
        ),
        Index(
            "ix_conversations_later",
            "organization_id",
            "last_message_at",
            "id",
            postgresql_where=text(f"status = 'open' AND {IS_DEFERRED}"),
        ),
        Index("ix_conversations_reminder", "organization_id", "reminder_at", postgresql_where=text(IS_DEFERRED)),
        Index(
            "ix_conversations_assignee",
            "organization_id",
            "assignee_id",
            "last_message_at",
            "id",
            postgresql_where=text("assignee_id IS NOT NULL"),
        ),
        Index(
            "ix_conversations_assignee_by_status",
            "organization_id",
            "assignee_id",
            "status",
            "last_message_at",
            "id",
            postgresql_where=text("assignee_id IS NOT NULL AND status <> 'closed'"),
        ),
        Index(
            "ix_conversations_unassigned",
            "organization_id",
            "status",
            "last_message_at",
            "id",
            postgresql_where=text("assignee_id IS NULL AND status <> 'closed'"),
        ),
        Index(
            "ix_conversations_not_sent",
            "organization_id",
            "last_message_at",
            "id",
            postgresql_where=text("not_sent > 0"),
        ),
        Index(
            "ix_conversations_waiting",
            "organization_id",
            "waiting_since",
            "id",
            postgresql_where=text("waiting_since IS NOT NULL AND status <> 'closed'"),
        ),
        Index("ix_conversations_updated", "organization_id", "updated_at"),
        Index(
            "ix_conversations_uncounted",
            "organization_id",
            "id",
            postgresql_where=text("counted_seq <> last_seq AND status <> 'closed'"),
        ),
        # Both counts of the indicator are read from partial indexes that churn: vacuum them often.
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": "0.02", "autovacuum_vacuum_threshold": "200"}},
    )

    line_id: Mapped[UUID]
    phone_number_id: Mapped[UUID]
    status: Mapped[str]
    last_seq: Mapped[int] = mapped_column(server_default=text("0"))
    seen_seq: Mapped[int] = mapped_column(server_default=text("0"))
    """The highest `seq` that any staff member has seen."""
    unread_messages: Mapped[int] = mapped_column(server_default=text("0"))
    """Incoming messages above `seen_seq`."""
    seen_deadline: Mapped[datetime | None]
    """While open with unread messages: when a viewer must have confirmed seeing them (STATUS-SEEN)."""
    last_message_direction: Mapped[str | None]
    last_message_preview: Mapped[str | None]
    last_message_status: Mapped[str | None]
    last_message_created_at: Mapped[datetime | None]
    last_message_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """The inbox is sorted by it: when the last message came, or else when the conversation was created."""
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    """Grows with each change of the row, its messages and its viewers. If a statement does not, a trigger does."""
    assignee_id: Mapped[UUID | None]
    """The staff member who has it (ASSIGN)."""
    waiting_since: Mapped[datetime | None]
    """When the first text came that nobody has answered."""
    counted_seq: Mapped[int] = mapped_column(server_default=text("0"))
    """The `last_seq` for which `waiting_since`, the reminder and `not_sent` are right. A version before 0023 moves
    only `last_seq`; a worker then corrects them (`corrections.py`)."""
    not_sent: Mapped[int] = mapped_column(server_default=text("0"))
    """Its messages with `not_sent` (NOT-SENT)."""
    reminder_at: Mapped[datetime | None]
    """REMIND. The other columns of a reminder mean nothing while it is null."""
    reminder_unless_answered: Mapped[bool] = mapped_column(server_default=false())
    reminder_set_by_id: Mapped[UUID | None]
    reminder_set_at: Mapped[datetime | None]
    reminder_due_since: Mapped[datetime | None]
    """When the conversation came back from "Later"."""
    metadata_: Mapped[dict[str, str]] = metadata_column()
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Viewer(OrganizationRow, Base):
    """A staff member's open, visible tab on a conversation, held as an expiring lease (STATUS-VIEWING)."""

    __tablename__ = "viewers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "conversation_id"], ["conversations.organization_id", "conversations.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "staff_member_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        UniqueConstraint("organization_id", "conversation_id", "staff_member_id", "viewer_id"),
        Index("ix_viewers_expires_at", "organization_id", "expires_at"),
    )

    conversation_id: Mapped[UUID]
    staff_member_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    """The session that the tab is signed in with. Null in leases of versions before 0013."""
    viewer_id: Mapped[UUID]
    """The tab's own UUID."""
    since: Mapped[datetime]
    expires_at: Mapped[datetime]


def _searchable(insert: DefaultExecutionContext) -> str:
    new: dict[str, Any] = insert.get_current_parameters()  # type: ignore[no-untyped-call]
    return search_vector(new["body"], organization_id=new["organization_id"])


class Message(OrganizationChildRow, Base):
    """One text, in or out, numbered within its conversation."""

    __tablename__ = "messages"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "conversation_id"], ["conversations.organization_id", "conversations.id"]
        ),
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        ForeignKeyConstraint(
            ["organization_id", "sent_by_staff_member_id"],
            ["staff_members.organization_id", "staff_members.id"],
        ),
        ForeignKeyConstraint(["organization_id", "sent_by_api_key_id"], ["api_keys.organization_id", "api_keys.id"]),
        ForeignKeyConstraint(["organization_id", "retry_of_message_id"], ["messages.organization_id", "messages.id"]),
        UniqueConstraint("organization_id", "conversation_id", "seq"),
        # RECV-ONCE: one message for each id of the provider, however often its webhook comes.
        UniqueConstraint("organization_id", "line_id", "provider_message_id"),
        # One retry per failed message.
        UniqueConstraint("organization_id", "retry_of_message_id"),
        CheckConstraint("direction IN ('inbound', 'outbound')", name="direction"),
        CheckConstraint(f"status IN ({STATUSES})", name="status"),
        CheckConstraint("(direction = 'inbound') = (status = 'received')", name="direction_status"),
        CheckConstraint("encoding IN ('GSM-7', 'UCS-2')", name="encoding"),
        CheckConstraint("seq >= 1", name="seq"),
        Index("ix_messages_newest", "organization_id", "created_at", "id"),
        metadata_index("messages"),
        Index("ix_messages_updated", "organization_id", "updated_at", "id"),
        Index(
            "ix_messages_answers",
            "organization_id",
            "conversation_id",
            "created_at",
            postgresql_where=text("answers IS NOT NULL"),
        ),
        Index("ix_messages_away", "organization_id", "conversation_id", "created_at", postgresql_where=text("is_away")),
        Index(
            "ix_messages_search",
            "search",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": GIN_PENDING_LIST_KB},
        ),
        Index("ix_messages_not_sent", "organization_id", "conversation_id", postgresql_where=text("not_sent")),
        Index("ix_messages_unadopted_media", "organization_id", "id", postgresql_where=text(UNADOPTED_MEDIA)),
    )

    conversation_id: Mapped[UUID]
    line_id: Mapped[UUID]
    seq: Mapped[int]
    direction: Mapped[str]
    body: Mapped[str]
    media: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    """A file of ours: {id, content_type, state, size, reason, hidden?}; of received ones the media slice writes it. A
    file that was sent by its address: {url, content_type}. A version before 0005 stored [{url, content_type}] of
    received files, until a worker adopts them."""
    status: Mapped[str]
    sent_by_staff_member_id: Mapped[UUID | None]
    sent_by_api_key_id: Mapped[UUID | None]
    segments: Mapped[int]
    encoding: Mapped[str]
    provider_message_id: Mapped[str | None]
    error_code: Mapped[str | None]
    error_title: Mapped[str | None]
    provider_time: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    opt_in_check: Mapped[dict[str, Any] | None]
    """The opt-in check with which it was claimed or, before that, accepted (OPTIN-DISPATCH): `OptInCheck.as_json`."""
    asks_to_stop: Mapped[bool] = mapped_column(server_default=false())
    """It asks in plain words to stop (OPTIN-PLAIN-WORDS). The app shows it with a one-click opt-out."""
    retry_of_message_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """A trigger moves it with each change."""
    erased_at: Mapped[datetime | None]
    """When its text and files were erased, on request or because of their age. Its row stays as a mark."""
    not_sent: Mapped[bool | None]
    """It did not go, and nobody has retried, answered or dismissed it yet (NOT-SENT). False: somebody has, or it needs
    nobody. Null: it went, or may still go."""
    cost: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
    """What it cost (COST): by its line's price list when it was claimed, or its provider's figure. Null: unknown."""
    cost_currency: Mapped[str | None]
    cost_source: Mapped[str | None]
    """A `CostSource`."""
    credits: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
    """What it took of the organization's credits. Null: the organization did not run on credits when it was claimed."""
    reacts_to: Mapped[UUID | None]
    """The message that it quotes: it is a reaction, which a phone has sent as a text."""
    reactions: Mapped[list[str] | None]
    """The emoji of the reactions on it, in the order in which they came."""
    answers: Mapped[str | None]
    """The keyword that this message answers automatically (OPTIN-CONFIRM)."""
    is_away: Mapped[bool] = mapped_column(server_default=false())
    """It is the organization's away message."""
    is_signup: Mapped[bool] = mapped_column(server_default=false())
    """It is the organization's sign-up message (MASS-SIGNUP)."""
    broadcast_id: Mapped[UUID | None]
    """The mass text that it belongs to. A trigger moves that one's recipient with `status`."""
    broadcast_name: Mapped[str | None]
    """Of that mass text, which keeps its name once it is confirmed."""
    client_key: Mapped[UUID | None]
    """The Idempotency-Key of the request that sent it, if that was a UUID. Nothing is looked up by it, so no index."""
    metadata_: Mapped[dict[str, str]] = metadata_column()
    search: Mapped[str] = mapped_column(TSVECTOR, default=_searchable, deferred=True, deferred_raiseload=True)
    """The words of `body`, as `kit.lexemes` splits them: set whenever `body` is set. Only statements use it."""


class TimelineEntry(OrganizationChildRow, Base):
    """An entry of a message's timeline. Every callback is one, whether it moved the status or not (SEND-STATUS)."""

    __tablename__ = "message_events"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "message_id"], ["messages.organization_id", "messages.id"]),
        CheckConstraint("source IN ('staff', 'worker', 'provider', 'reconciliation')", name="source"),
        Index("ix_message_events_organization_id_message_id", "organization_id", "message_id", "at", "id"),
    )

    message_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[str]
    """Our status; the provider's own word in entries that come from it."""
    source: Mapped[str]
    code: Mapped[str | None]
    detail: Mapped[str | None]
    inbound_event_id: Mapped[UUID | None]
    """The inbound event with the raw webhook."""


_CLAIMABLE = "state = 'queued' AND NOT behind"
_OUTBOX_INDEXES = (
    # A claim reads the first entries of these two, however many follow (decision 0045).
    Index(
        "ix_outbox_replies",
        *("organization_id", "line_id", "priority", "due_at", "id"),
        postgresql_where=text(f"{_CLAIMABLE} AND priority < 2"),
    ),
    Index(
        "ix_outbox_mass_texts",
        *("organization_id", "line_id", "broadcast_id", "due_at", "id"),
        postgresql_where=text(f"{_CLAIMABLE} AND priority = 2"),
    ),
    Index("ix_outbox_claimed", "organization_id", "state", "due_at", postgresql_where=text("state <> 'queued'")),
    Index("ix_outbox_behind", "organization_id", "conversation_id", "seq", postgresql_where=text("behind")),
    Index(
        "ix_outbox_broadcast",
        *("organization_id", "broadcast_id", "state", "priority", "id"),
        postgresql_where=text("broadcast_id IS NOT NULL"),
    ),
)


class OutboxEntry(OrganizationRow, Base):
    """A message to be sent or reconciled, removed once it is settled. `id` is the message's."""

    __tablename__ = "outbox"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "id"], ["messages.organization_id", "messages.id"]),
        ForeignKeyConstraint(
            ["organization_id", "conversation_id"], ["conversations.organization_id", "conversations.id"]
        ),
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        CheckConstraint("state IN ('queued', 'sending', 'unknown')", name="state"),
        CheckConstraint("(state = 'sending') = (lease_token IS NOT NULL)", name="lease"),
        CheckConstraint("priority BETWEEN 0 AND 2", name="priority"),
        CheckConstraint("priority < 2 OR broadcast_id IS NOT NULL", name="mass_text"),
        UniqueConstraint("organization_id", "conversation_id", "seq"),
        *_OUTBOX_INDEXES,
    )

    conversation_id: Mapped[UUID]
    line_id: Mapped[UUID]
    seq: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """queued: not before; sending: when its lease expires; unknown: when to reconcile it."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    lease_token: Mapped[UUID | None]
    claimed_at: Mapped[datetime | None]
    past_gate: Mapped[bool] = mapped_column(server_default=text("false"))
    """It answers a keyword: it is sent whatever the opt-in check says (OPTIN-CONFIRM)."""
    request_id: Mapped[str | None]
    """The id of the request that queued it (`X-Request-ID`)."""
    restored: Mapped[bool] = mapped_column(server_default=false())
    """It comes from a backup. It may have been posted since then, so it is reconciled, never posted."""
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    """`conversations.outbox.Priority`."""
    broadcast_id: Mapped[UUID | None]
    """The mass text that it is part of."""
    not_after: Mapped[datetime | None]
    """Of a mass text: it is not posted later than this, but waits for another `due_at` (MASS-HOURS)."""
    behind: Mapped[bool] = mapped_column(server_default=false())
    """It waits for an earlier text of its conversation (SEND-ORDER). Kept by `conversations.outbox`."""


class OutboxPause(OrganizationRow, Base):
    """While it exists, nothing of the mass text `id` is claimed."""

    __tablename__ = "outbox_pauses"

    paused_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ConversationUndo(OrganizationRow, Base):
    """What a bulk act changed, for its undo. Kept for an hour."""

    __tablename__ = "conversation_undos"
    __table_args__ = (Index("ix_conversation_undos_created_at", "organization_id", "created_at"),)

    done_by_id: Mapped[UUID]
    """The staff member or API key."""
    action: Mapped[str]
    before: Mapped[list[dict[str, Any]]]
    """Of each changed conversation: its id, its state before, and `updated_at` after."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class InboxView(OrganizationRow, Base):
    """A saved view of the inbox: a filter with a name."""

    __tablename__ = "inbox_views"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "staff_member_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        Index("ix_inbox_views_staff_member", "organization_id", "staff_member_id", "position"),
        Index("ix_inbox_views_shared", "organization_id", postgresql_where=text("shared")),
    )

    staff_member_id: Mapped[UUID]
    name: Mapped[str]
    filter: Mapped[dict[str, Any]]
    shared: Mapped[bool] = mapped_column(server_default=false())
    position: Mapped[int]
    """Its place among the person's views, from 0."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class InboxRow(NamedTuple):
    """A conversation and the phone number that it is with."""

    conversation: Conversation
    number: PhoneNumber

    @property
    def version(self) -> int:
        """Grows with each change of the conversation, and of its number's consent and holders."""
        return self.conversation.version + self.number.version


class MessageRow(NamedTuple):
    """A message and who sent it: a staff member or an API key. None for a received message or an automatic answer."""

    message: Message
    sender_id: UUID | None
    sender_name: str | None
