"""Actors, actions and the hash of an audit entry, as pure rules."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

GENESIS = b"\0" * 32
"""The previous hash of a chain's first entry."""


class ActorKind(StrEnum):
    STAFF_MEMBER = "staff_member"
    API_KEY = "api_key"
    PHONE_NUMBER = "phone_number"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Who did it. `name` is the name at that time."""

    kind: ActorKind
    """A staff member, an API key, a phone number or the system."""
    id: UUID | None
    """Null if it was the system."""
    name: str
    """Their name at that time."""

    __pydantic_config__ = {"title": "AuditActor"}  # noqa: RUF012  # The name of its schema in the API.

    @classmethod
    def stored(cls, actor: Mapping[str, Any] | None) -> "Actor | None":
        """The actor that `as_json` stored; None for None."""
        if actor is None:
            return None
        return cls(ActorKind(actor["kind"]), UUID(actor["id"]) if actor["id"] else None, actor["name"])

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "id": str(self.id) if self.id else None, "name": self.name}


SYSTEM = Actor(kind=ActorKind.SYSTEM, id=None, name="Messenger")


class Action(StrEnum):
    """Every action that has an audit entry (AUDIT-WHAT)."""

    MESSAGE_SENT = "message.sent"
    MESSAGE_SCHEDULED = "message.scheduled"
    MESSAGE_RESCHEDULED = "message.rescheduled"
    MESSAGE_WITHDRAWN = "message.withdrawn"
    MESSAGE_HELD_BACK = "message.held_back"
    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_CLOSED = "conversation.closed"
    CONVERSATION_UNREAD = "conversation.unread"
    CONVERSATION_VIEWED = "conversation.viewed"
    CONVERSATION_ASSIGNED = "conversation.assigned"
    CONVERSATION_RELEASED = "conversation.released"
    REMINDER_SET = "conversation.reminder_set"
    REMINDER_REMOVED = "conversation.reminder_removed"
    REMINDER_DUE = "conversation.reminder_due"
    NOT_SENT_DISMISSED = "conversation.not_sent_dismissed"
    CONVERSATION_UNDONE = "conversation.undone"
    OPT_IN_CHANGED = "opt_in.changed"
    PHONE_NUMBER_STOPPED = "phone_number.stopped"
    PHONE_NUMBER_STARTED = "phone_number.started"
    SIGNED_IN = "session.created"
    SIGN_IN_REFUSED = "session.refused"
    SIGNED_OUT = "session.ended"
    SESSIONS_ENDED = "session.revoked"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105  # The name of an action.
    PASSWORD_REFUSED = "password.refused"  # noqa: S105  # The name of an action.
    PASSWORD_RESET = "password.reset"  # noqa: S105  # The name of an action.
    ORGANIZATION_CREATED = "organization.created"
    ORGANIZATION_UPDATED = "organization.updated"
    STAFF_MEMBER_CREATED = "staff_member.created"
    STAFF_MEMBER_UPDATED = "staff_member.updated"
    STAFF_MEMBER_ARCHIVED = "staff_member.archived"
    FAMILY_CREATED = "family.created"
    FAMILY_UPDATED = "family.updated"
    FAMILY_ARCHIVED = "family.archived"
    CLASS_CREATED = "class.created"
    CLASS_UPDATED = "class.updated"
    SAVED_REPLY_CREATED = "saved_reply.created"
    SAVED_REPLY_UPDATED = "saved_reply.updated"
    SAVED_REPLY_DELETED = "saved_reply.deleted"
    ORGANIZATION_LINKS_CHANGED = "organization.links_changed"
    PHONE_RECORD_REMOVED = "phone_record.removed"
    REFUSAL_LIFTED = "refusal.lifted"
    DIRECTORY_IMPORTED = "directory.imported"
    LINE_CREATED = "line.created"
    LINE_UPDATED = "line.updated"
    LINE_PRICES_CHANGED = "line.prices_changed"
    CREDITS_CHANGED = "credits.changed"
    CREDITS_ADDED = "credits.added"
    CREDITS_LOW = "credits.low"
    USAGE_EXPORTED = "usage.exported"
    AWAY_MESSAGE_CHANGED = "away_message.changed"
    API_KEY_CREATED = "api_key.created"
    API_KEY_UPDATED = "api_key.updated"
    API_KEY_ROTATED = "api_key.rotated"
    API_KEY_REVOKED = "api_key.revoked"
    WEBHOOK_ENDPOINT_CREATED = "webhook_endpoint.created"
    WEBHOOK_ENDPOINT_UPDATED = "webhook_endpoint.updated"
    WEBHOOK_ENDPOINT_DELETED = "webhook_endpoint.deleted"
    WEBHOOK_ENDPOINT_SWITCHED_OFF = "webhook_endpoint.switched_off"
    WEBHOOK_SECRET_ROTATED = "webhook_endpoint.secret_rotated"  # noqa: S105  # The name of an action.
    WEBHOOK_DELIVERY_REPLAYED = "webhook_delivery.replayed"
    INBOUND_EVENT_REPLAYED = "inbound_event.replayed"
    SANDBOX_TEXT_RECEIVED = "sandbox_text.received"
    AUDIT_LOG_EXPORTED = "audit_log.exported"
    EXPORT_CREATED = "export.created"
    EXPORT_DOWNLOADED = "export.downloaded"
    EXPORT_DELETED = "export.deleted"
    PHONE_NUMBER_ERASED = "phone_number.erased"
    AUDIT_ENTRIES_ERASED = "audit_entries.erased"
    RETENTION_APPLIED = "retention.applied"
    BROADCAST_CREATED = "broadcast.created"
    BROADCAST_UPDATED = "broadcast.updated"
    BROADCAST_APPROVED = "broadcast.approved"
    BROADCAST_CONFIRMED = "broadcast.confirmed"
    BROADCAST_HOURS_OVERRIDDEN = "broadcast.hours_overridden"
    BROADCAST_STARTED = "broadcast.started"
    BROADCAST_PAUSED = "broadcast.paused"
    BROADCAST_RESUMED = "broadcast.resumed"
    BROADCAST_CANCELLED = "broadcast.cancelled"
    BROADCAST_FINISHED = "broadcast.finished"
    BROADCAST_EXPORTED = "broadcast.exported"
    AUDIENCE_CREATED = "audience.created"
    AUDIENCE_UPDATED = "audience.updated"
    AUDIENCE_DELETED = "audience.deleted"
    NOTE_ADDED = "note.added"
    NOTE_EDITED = "note.edited"
    NOTE_REMOVED = "note.removed"
    NOTE_RESTORED = "note.restored"
    CONVERSATION_METADATA_CHANGED = "conversation.metadata_changed"
    MESSAGE_METADATA_CHANGED = "message.metadata_changed"


BESIDE_INDEXES_OF_THREADS = (
    Action.MESSAGE_SENT,
    Action.CONVERSATION_VIEWED,
    Action.NOTE_EDITED,
    Action.NOTE_REMOVED,
)
"""Those of `BESIDE_THREADS` that the indexes of threads leave out."""

BESIDE_THREADS = (
    *BESIDE_INDEXES_OF_THREADS,
    Action.CONVERSATION_METADATA_CHANGED,
    Action.MESSAGE_METADATA_CHANGED,
)
"""Actions of a conversation that are no items of its thread: a message or a note shows there what they say, and
metadata is nothing to read."""

OF_NUMBERS = (
    Action.OPT_IN_CHANGED,
    Action.PHONE_NUMBER_STOPPED,
    Action.PHONE_NUMBER_STARTED,
    Action.PHONE_RECORD_REMOVED,
    Action.REFUSAL_LIFTED,
)
"""Actions about a number that the threads with it show. Their entries are in the organization's own chain."""


@dataclass(frozen=True)
class NewEntry:
    """An entry to write. Its chain is that of its conversation, or of its organization if it has none."""

    action: Action
    actor: Actor
    conversation_id: UUID | None = None
    message_id: UUID | None = None
    phone_number: str | None = None
    details: Mapping[str, Any] | None = None
    after_seq: int | None = None
    """The message of its conversation after which it stands. None: the last one when the entry is written."""


@dataclass(frozen=True, kw_only=True)
class EntryContent:
    """Every stored column of an entry but its hash (AUDIT-CHAIN)."""

    previous_hash: bytes
    organization_id: UUID
    chain_subject: UUID
    chain_number: int
    id: UUID
    at: datetime
    action: str
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    conversation_id: UUID | None
    message_id: UUID | None
    phone_number: str | None
    details: Mapping[str, Any]

    def hash(self) -> bytes:
        """SHA-256 of the columns as a JSON array in this order: no two entries have the same bytes."""
        covered = json.dumps(
            [
                self.previous_hash.hex(),
                str(self.organization_id),
                str(self.chain_subject),
                self.chain_number,
                str(self.id),
                self.at.astimezone(UTC).isoformat(timespec="microseconds"),
                self.action,
                self.actor_kind,
                str(self.actor_id) if self.actor_id else None,
                self.actor_name,
                str(self.conversation_id) if self.conversation_id else None,
                str(self.message_id) if self.message_id else None,
                self.phone_number,
                self.details,
            ],
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=True,
        )
        return hashlib.sha256(covered.encode()).digest()


ENTRIES = "entries"
"""In the details of an `audit_entries.erased` entry: the erased entries as {id: `Erased.proof`}."""

SALT = "salt"
"""In the details of an entry with personal columns: 128 random bits, so that its hash tells nothing once they are
erased."""

KEPT_WORDS = frozenset({"source", "from", "to", "state", "cause", "kind", "status", "answers", "automatic"})
"""Details whose value is a word of ours. Other text may be personal."""


WORDING = "wording_before"
"""In the details of an entry about a note: what the note said until then. Only administrators read it."""


def shown_details(details: Mapping[str, Any], *, with_wording: bool = True) -> dict[str, Any]:
    hidden = {SALT} if with_wording else {SALT, WORDING}
    return {name: value for name, value in details.items() if name not in hidden}


def without_personal(details: Mapping[str, Any]) -> dict[str, Any]:
    """The details that stay when an entry is erased: numbers, ids and words of ours."""
    return {name: value for name, value in details.items() if name != SALT and _is_impersonal(name, value)}


def _is_impersonal(name: str, value: object) -> bool:
    if isinstance(value, str):
        return name in KEPT_WORDS or (name.endswith("_id") and _is_uuid(value))
    return value is None or isinstance(value, bool | int | float)


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Erased:
    """An entry that is erased: its stored hash, and its content as it remains."""

    hash: bytes
    remaining: "EntryContent"

    @classmethod
    def of(cls, content: "EntryContent", stored_hash: bytes) -> "Erased":
        is_number = content.actor_kind == ActorKind.PHONE_NUMBER
        return cls(
            stored_hash,
            replace(
                content,
                actor_name="" if is_number else content.actor_name,
                phone_number=None,
                details=without_personal(content.details),
            ),
        )

    @property
    def proof(self) -> str:
        """What the erasing entry says of it. Its chain covers this, so neither column can be changed unseen."""
        return f"{self.hash.hex()} {self.remaining.hash().hex()}"


class EntryCount(int):
    """The count of a log's entries, every chain whole."""

    erased: int
    """How many of them were erased on request."""

    def __new__(cls, entries: int, *, erased: int = 0) -> Self:
        count = super().__new__(cls, entries)
        count.erased = erased
        return count


@dataclass(frozen=True)
class BrokenEntry:
    """The first entry of a chain that was changed or is missing. `entry_id` is None if it is missing."""

    chain_subject: UUID
    """The conversation whose chain it is, or the organization."""
    chain_number: int
    """Its number in the chain."""
    entry_id: UUID | None
    problem: str
    """What is wrong, in words."""

    __pydantic_config__ = {"title": "BrokenEntry"}  # noqa: RUF012  # As above.
