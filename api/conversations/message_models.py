"""Tables of the messages room: messages, their timelines, and the outbox."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, false, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow
from api.kit.lexemes import search_vector

GIN_PENDING_LIST_KB = 512
"""What has been inserted since is read through by every search, and sorted in by the insert that fills it: 4 MB, the
default, is slow to do either with."""

STATUSES = "'received', 'queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'unknown'"


UNADOPTED_MEDIA = "direction = 'inbound' AND jsonb_path_exists(media, '$[*].url')"
"""Received messages whose files nobody fetches: a version before 0005 wrote the provider's addresses."""


def _searchable(insert: DefaultExecutionContext) -> str:
    new: dict[str, Any] = insert.get_current_parameters()  # type: ignore[no-untyped-call]
    return search_vector(new["body"], organization_id=new["organization_id"])


class Message(OrganizationRow, Base):
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
        # RECV-ONCE: the provider's id is one message, however often it is delivered.
        UniqueConstraint("organization_id", "line_id", "provider_message_id"),
        # One retry per failed message.
        UniqueConstraint("organization_id", "retry_of_message_id"),
        CheckConstraint("direction IN ('inbound', 'outbound')", name="direction"),
        CheckConstraint(f"status IN ({STATUSES})", name="status"),
        CheckConstraint("(direction = 'inbound') = (status = 'received')", name="direction_status"),
        CheckConstraint("encoding IN ('GSM-7', 'UCS-2')", name="encoding"),
        CheckConstraint("seq >= 1", name="seq"),
        Index("ix_messages_newest", "organization_id", "created_at", "id"),
        Index(
            "ix_messages_answers",
            "organization_id",
            "conversation_id",
            "created_at",
            postgresql_where=text("answers IS NOT NULL"),
        ),
        Index(
            "ix_messages_search",
            "search",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": GIN_PENDING_LIST_KB},
        ),
        Index("ix_messages_unadopted_media", "organization_id", "id", postgresql_where=text(UNADOPTED_MEDIA)),
    )

    conversation_id: Mapped[UUID]
    line_id: Mapped[UUID]
    seq: Mapped[int]
    direction: Mapped[str]
    body: Mapped[str]
    media: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    """Sent: [{url, content_type}]. Received: [{id, content_type, state, size, reason, hidden?}], as the media slice
    writes it; [{url, content_type}] as a version before 0005 did, until a worker adopts them."""
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
    """The decision to send it, with its instances (OPTIN-DISPATCH)."""
    asks_to_stop: Mapped[bool] = mapped_column(server_default=false())
    """It asks in plain words to stop (OPTIN-PLAIN-WORDS): shown with a one-click opt-out."""
    retry_of_message_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answers: Mapped[str | None]
    """The keyword that the line itself answers with this message (OPTIN-CONFIRM)."""
    search: Mapped[str] = mapped_column(TSVECTOR, default=_searchable, deferred=True, deferred_raiseload=True)
    """The words of `body`, as `search_rules` takes them apart: set by every insert, whichever way it goes, and by
    `queries.set_body`. Only statements compare it; nothing loads it."""


class TimelineEntry(OrganizationRow, Base):
    """One step of a message's timeline. Every raw callback is one, whatever it changed (SEND-STATUS)."""

    __tablename__ = "message_events"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "message_id"], ["messages.organization_id", "messages.id"]),
        CheckConstraint("source IN ('staff', 'worker', 'provider', 'reconciliation')", name="source"),
        Index("ix_message_events_organization_id_message_id", "organization_id", "message_id", "at", "id"),
    )

    message_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[str]
    """Our status, or the provider's own word where the event came from it."""
    source: Mapped[str]
    code: Mapped[str | None]
    detail: Mapped[str | None]
    inbound_event_id: Mapped[UUID | None]
    """The journal row with the raw callback."""


class OutboxEntry(OrganizationRow, Base):
    """A message on its way to the provider. The row goes when the message is settled. `id` is the message's."""

    __tablename__ = "outbox"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "id"], ["messages.organization_id", "messages.id"]),
        ForeignKeyConstraint(
            ["organization_id", "conversation_id"], ["conversations.organization_id", "conversations.id"]
        ),
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        CheckConstraint("state IN ('queued', 'sending', 'unknown')", name="state"),
        CheckConstraint("(state = 'sending') = (lease_token IS NOT NULL)", name="lease"),
        UniqueConstraint("organization_id", "conversation_id", "seq"),
        Index("ix_outbox_due", "organization_id", "state", "due_at"),
    )

    conversation_id: Mapped[UUID]
    line_id: Mapped[UUID]
    seq: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """queued: not before; sending: when its lease expires; unknown: when to ask the provider again."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    lease_token: Mapped[UUID | None]
    claimed_at: Mapped[datetime | None]
    past_gate: Mapped[bool] = mapped_column(server_default=text("false"))
    """A confirmation of STOP leaves although the number is stopped, exactly once (OPTIN-CONFIRM)."""
