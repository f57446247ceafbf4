"""Tables of the audit log."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api.audit.rules import BESIDE_INDEXES_OF_THREADS, BESIDE_THREADS, Action, EntryContent
from api.kit.database import Base, OrganizationRow


def _other_than(actions: Iterable[Action]) -> str:
    return f"action NOT IN ({', '.join(repr(each.value) for each in actions)})"


_INDEXED = f"after_seq IS NOT NULL AND {_other_than(BESIDE_INDEXES_OF_THREADS)}"
_INDEXED_BY_TIME = f"after_seq IS NULL AND conversation_id IS NOT NULL AND {_other_than(BESIDE_INDEXES_OF_THREADS)}"
_OTHERS = _other_than(each for each in BESIDE_THREADS if each not in BESIDE_INDEXES_OF_THREADS)

IN_THREADS = text(f"{_INDEXED} AND {_OTHERS}")
IN_THREADS_BY_TIME = text(f"{_INDEXED_BY_TIME} AND {_OTHERS}")
OF_NUMBER = text("conversation_id IS NULL AND phone_number IS NOT NULL")
"""They hold the conditions of partial indexes word for word, so that a query with one uses the index."""


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
        Index(
            "ix_audit_entries_thread",
            "organization_id",
            "conversation_id",
            "after_seq",
            "chain_number",
            postgresql_where=text(_INDEXED),
        ),
        # Entries of versions before 0022.
        Index(
            "ix_audit_entries_thread_by_time",
            "organization_id",
            "conversation_id",
            "at",
            "id",
            postgresql_where=text(_INDEXED_BY_TIME),
        ),
        Index("ix_audit_entries_number", "organization_id", "phone_number", "at", "id", postgresql_where=OF_NUMBER),
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
    after_seq: Mapped[int | None]
    """The last message of its conversation when it was written: its place in the thread, with `chain_number`.

    Null without a conversation, and in entries of versions before 0022, which the thread places by their time. The hash
    does not cover it: versions before 0022 verify the chain too.
    """
    erased_by: Mapped[UUID | None]
    """The entry (`audit_entries.erased`) with which the personal columns were emptied; `hash` stays."""

    def content(self) -> EntryContent:
        return EntryContent(**{field.name: getattr(self, field.name) for field in fields(EntryContent)})
