"""Wire model of an audit entry, embedded by the thread too."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api.audit.models import AuditEntry
from api.audit.rules import Actor, ActorKind, shown_details
from api.audit_log.names import EntryNames, EntrySubject, LineName, NumberHolder


class AuditChainLink(BaseModel):
    subject: UUID
    number: int
    hash: str


class AuditEntryOut(BaseModel):
    """An entry with the names of today beside its ids."""

    model_config = {"title": "AuditEntry"}

    id: UUID
    at: datetime
    action: str
    actor: Actor
    conversation_id: UUID | None
    message_id: UUID | None
    phone_number: str | None
    line: LineName | None
    """The line of its conversation, or the line that it is about."""
    holders: list[NumberHolder]
    """Who holds its phone number, and who is known to have held it: ten at most."""
    subject: EntrySubject | None
    """The record that it is about."""
    details: dict[str, Any]
    erased: bool
    """Its number and personal details were erased on request."""
    chain: AuditChainLink

    @classmethod
    def of(cls, entry: AuditEntry, names: EntryNames, *, with_wording: bool) -> "AuditEntryOut":
        """`with_wording`: with what an edited or removed note said before. Only administrators read it."""
        return cls(
            id=entry.id,
            at=entry.at,
            action=entry.action,
            actor=Actor(ActorKind(entry.actor_kind), entry.actor_id, entry.actor_name),
            conversation_id=entry.conversation_id,
            message_id=entry.message_id,
            phone_number=entry.phone_number,
            line=names.line,
            holders=list(names.holders),
            subject=names.subject,
            details=shown_details(entry.details, with_wording=with_wording),
            erased=entry.erased_by is not None,
            chain=AuditChainLink(subject=entry.chain_subject, number=entry.chain_number, hash=entry.hash.hex()),
        )
