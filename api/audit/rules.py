"""The audit chain, as pure functions: what an entry's hash covers, and whether a chain is whole."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

GENESIS = b"\0" * 32
"""What the first entry of a chain follows."""


class ActorKind(StrEnum):
    STAFF_MEMBER = "staff_member"
    API_KEY = "api_key"
    PHONE_NUMBER = "phone_number"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Who did it. `name` is what the person was called at the time."""

    kind: ActorKind
    id: UUID | None
    name: str

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "id": str(self.id) if self.id else None, "name": self.name}


SYSTEM = Actor(kind=ActorKind.SYSTEM, id=None, name="Messenger")


class Action(StrEnum):
    """Everything that leaves an entry (AUDIT-WHAT)."""

    MESSAGE_SENT = "message.sent"
    MESSAGE_RETRIED = "message.retried"
    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_CLOSED = "conversation.closed"
    CONVERSATION_UNREAD = "conversation.unread"
    CONVERSATION_VIEWED = "conversation.viewed"
    OPT_IN_CHANGED = "opt_in.changed"
    PHONE_NUMBER_STOPPED = "phone_number.stopped"
    PHONE_NUMBER_STARTED = "phone_number.started"
    SIGNED_IN = "session.created"
    SIGN_IN_REFUSED = "session.refused"
    SIGNED_OUT = "session.ended"
    ORGANIZATION_CREATED = "organization.created"
    STAFF_MEMBER_CREATED = "staff_member.created"
    STAFF_MEMBER_UPDATED = "staff_member.updated"
    STAFF_MEMBER_ARCHIVED = "staff_member.archived"
    FAMILY_CREATED = "family.created"
    FAMILY_UPDATED = "family.updated"
    FAMILY_ARCHIVED = "family.archived"
    PHONE_RECORD_REMOVED = "phone_record.removed"
    REFUSAL_LIFTED = "refusal.lifted"
    DIRECTORY_IMPORTED = "directory.imported"
    LINE_CREATED = "line.created"
    LINE_UPDATED = "line.updated"
    API_KEY_CREATED = "api_key.created"
    API_KEY_REVOKED = "api_key.revoked"
    INBOUND_EVENT_REPLAYED = "inbound_event.replayed"
    AUDIT_LOG_EXPORTED = "audit_log.exported"


@dataclass(frozen=True)
class NewEntry:
    """An entry about to be written. Its chain is its conversation's, else its organization's."""

    action: Action
    actor: Actor
    conversation_id: UUID | None = None
    message_id: UUID | None = None
    phone_number: str | None = None
    details: Mapping[str, Any] | None = None


def entry_hash(
    *,
    previous_hash: bytes,
    organization_id: UUID,
    chain_subject: UUID,
    chain_number: int,
    entry_id: UUID,
    at: datetime,
    action: str,
    actor_kind: str,
    actor_id: UUID | None,
    actor_name: str,
    conversation_id: UUID | None,
    message_id: UUID | None,
    phone_number: str | None,
    details: Mapping[str, Any],
) -> bytes:
    """SHA-256 over every stored column of the entry and the hash before it (AUDIT-CHAIN).

    The columns are a JSON array in this order, so no two different entries spell the same bytes.
    """
    covered = json.dumps(
        [
            previous_hash.hex(),
            str(organization_id),
            str(chain_subject),
            chain_number,
            str(entry_id),
            at.astimezone(UTC).isoformat(timespec="microseconds"),
            action,
            actor_kind,
            str(actor_id) if actor_id else None,
            actor_name,
            str(conversation_id) if conversation_id else None,
            str(message_id) if message_id else None,
            phone_number,
            details,
        ],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    return hashlib.sha256(covered.encode()).digest()


@dataclass(frozen=True)
class Broken:
    """The first entry of a chain that is not as it was written, or is missing."""

    chain_subject: UUID
    chain_number: int
    entry_id: UUID | None
    problem: str
