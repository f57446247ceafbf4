"""Tables of the audit log."""

from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.audit.rules import EntryContent
from api.kit.database import Base, OrganizationRow


class AuditChain(OrganizationRow, Base):
    """The head of one subject's chain. Its lock gives the chain's entries their order.

    `id` is the subject's: a conversation's id, or the organization's own.
    """

    __tablename__ = "audit_chains"

    last_number: Mapped[int] = mapped_column(BigInteger)
    last_hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditEntry(OrganizationRow, Base):
    """One action by one actor. A trigger refuses updates and deletions (AUDIT-APPEND)."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("organization_id", "chain_subject", "chain_number"),
        CheckConstraint("actor_kind IN ('staff_member', 'api_key', 'phone_number', 'system')", name="actor_kind"),
        CheckConstraint("chain_number >= 1", name="chain_number"),
        Index("ix_audit_entries_organization_id_at", "organization_id", "at", "id"),
        Index("ix_audit_entries_organization_id_actor_id", "organization_id", "actor_id", "at", "id"),
        Index("ix_audit_entries_organization_id_phone_number", "organization_id", "phone_number", "at", "id"),
        Index("ix_audit_entries_organization_id_action", "organization_id", "action", "at", "id"),
        Index(
            "ix_audit_entries_organization_id_conversation_id",
            "organization_id",
            "conversation_id",
            "at",
            "id",
        ),
    )

    at: Mapped[datetime]
    action: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    conversation_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    phone_number: Mapped[str | None]
    details: Mapped[dict[str, Any]]
    chain_subject: Mapped[UUID]
    chain_number: Mapped[int] = mapped_column(BigInteger)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    erased_by: Mapped[UUID | None]
    """The entry (`audit_entries.erased`) with which the personal columns were emptied; `hash` stays."""

    def content(self) -> EntryContent:
        return EntryContent(**{field.name: getattr(self, field.name) for field in fields(EntryContent)})
