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
    """The conversation whose chain it is, or the organization."""
    number: int
    """The entry's number in the chain, without gaps."""
    hash: str
    """SHA-256 over the entry and the hash before it, in hexadecimal."""


class AuditEntryOut(BaseModel):
    """An entry with the names of today beside its ids."""

    model_config = {"title": "AuditEntry"}

    id: UUID
    at: datetime
    """When it happened, by the database's clock."""
    action: str
    """What happened. Further actions may be added."""
    actor: Actor
    """Who did it."""
    conversation_id: UUID | None
    message_id: UUID | None
    phone_number: str | None
    """The number that it is about, if any."""
    line: LineName | None
    """The line of its conversation, or the line that it is about."""
    holders: list[NumberHolder]
    """Who holds its phone number, and who is known to have held it: ten at most."""
    subject: EntrySubject | None
    """The record that it is about."""
    details: dict[str, Any]
    """What changed. Its members depend on the action."""
    erased: bool
    """Its number and personal details were erased on request."""
    chain: AuditChainLink
    """Its place in its hash chain."""

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
