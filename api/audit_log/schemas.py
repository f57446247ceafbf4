"""Wire models of the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api.audit.models import AuditEntry
from api.audit.rules import Actor, ActorKind, BrokenEntry, EntryCount, shown_details


class AuditChainLink(BaseModel):
    subject: UUID
    number: int
    hash: str


class AuditEntryOut(BaseModel):
    model_config = {"title": "AuditEntry"}

    id: UUID
    at: datetime
    action: str
    actor: Actor
    conversation_id: UUID | None
    message_id: UUID | None
    phone_number: str | None
    details: dict[str, Any]
    erased: bool
    """Its number and personal details were erased on request."""
    chain: AuditChainLink

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditEntryOut":
        return cls(
            id=entry.id,
            at=entry.at,
            action=entry.action,
            actor=Actor(ActorKind(entry.actor_kind), entry.actor_id, entry.actor_name),
            conversation_id=entry.conversation_id,
            message_id=entry.message_id,
            phone_number=entry.phone_number,
            details=shown_details(entry.details),
            erased=entry.erased_by is not None,
            chain=AuditChainLink(subject=entry.chain_subject, number=entry.chain_number, hash=entry.hash.hex()),
        )


class AuditVerification(BaseModel):
    whole: bool
    entries: int | None
    """The count of verified entries, if the log is whole."""
    erased: int | None
    """How many of them were erased on request: their hashes are verified, their personal details are gone."""
    broken: BrokenEntry | None

    @classmethod
    def of(cls, result: EntryCount | BrokenEntry) -> "AuditVerification":
        if isinstance(result, EntryCount):
            return cls(whole=True, entries=result, erased=result.erased, broken=None)
        return cls(whole=False, entries=None, erased=None, broken=result)
