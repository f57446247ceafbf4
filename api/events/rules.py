"""Which events there are, and which audit entries are events, as pure rules (HOOK)."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from api.access.rules import Permission
from api.audit.rules import Action, Actor, NewEntry


class EventType(StrEnum):
    """Every type of a row of the log."""

    MESSAGE_RECEIVED = "message.received"
    MESSAGE_SENT = "message.sent"
    """A text was accepted for sending. What becomes of it is `message.status_changed`."""
    MESSAGE_STATUS_CHANGED = "message.status_changed"
    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_CLOSED = "conversation.closed"
    CONVERSATION_UNREAD = "conversation.unread"
    CONVERSATION_ASSIGNED = "conversation.assigned"
    """Its assignee has changed, perhaps to nobody."""
    OPT_IN_CHANGED = "opt_in.changed"
    MASS_TEXT_FINISHED = "mass_text.finished"
    WEBHOOK_TEST = "webhook_endpoint.test"
    """An administrator tries out one endpoint: for that endpoint alone."""
    LIVE_CHANGED = "live.changed"
    """What the live stream tells of one transaction. Only streams that reconnect read it."""


INTERNAL = frozenset({EventType.WEBHOOK_TEST, EventType.LIVE_CHANGED})
"""Types that nobody can list or subscribe to."""

PUBLIC = tuple(each for each in EventType if each not in INTERNAL)

KEEP = timedelta(days=30)

KEEP_LIVE = timedelta(days=1)
"""Of `live.changed`: a stream that comes back later loads everything anew."""


MAX_CHANGES = 500
"""Changes of one transaction, or of what one stream has missed. More are not worth their events: every page loads what
it shows again."""

RESYNC = "resync"
"""The change that says so."""

Change = Mapping[str, Any]
"""What the live stream tells: `type` and ids, without the organization."""


class OptInCause(StrEnum):
    """What has changed of a number's consent."""

    STATE = "state"
    """The opt-in state of a phone record."""
    STOPPED = "stopped"
    STARTED = "started"
    REMOVED = "removed"
    """A phone record with the number was removed."""
    REFUSAL_LIFTED = "refusal_lifted"


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event to write. `data`: ids and facts that are not personal; never a text, a name or a number."""

    type: EventType
    conversation_id: UUID | None = None
    message_id: UUID | None = None
    phone_number: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


OF_CONVERSATIONS: Mapping[Action, EventType] = {
    Action.CONVERSATION_OPENED: EventType.CONVERSATION_OPENED,
    Action.CONVERSATION_CLOSED: EventType.CONVERSATION_CLOSED,
    Action.CONVERSATION_UNREAD: EventType.CONVERSATION_UNREAD,
    Action.CONVERSATION_ASSIGNED: EventType.CONVERSATION_ASSIGNED,
    Action.CONVERSATION_RELEASED: EventType.CONVERSATION_ASSIGNED,
}

OF_CONSENT: Mapping[Action, OptInCause] = {
    Action.OPT_IN_CHANGED: OptInCause.STATE,
    Action.PHONE_NUMBER_STOPPED: OptInCause.STOPPED,
    Action.PHONE_NUMBER_STARTED: OptInCause.STARTED,
    Action.PHONE_RECORD_REMOVED: OptInCause.REMOVED,
    Action.REFUSAL_LIFTED: OptInCause.REFUSAL_LIFTED,
}

OF_MASS_TEXTS: Mapping[Action, str] = {
    Action.BROADCAST_FINISHED: "sent",
    Action.BROADCAST_CANCELLED: "cancelled",
}
"""The state in which a mass text ends."""

DRAFT = "draft"
"""The state before a draft was thrown away: nobody waits to hear that it has finished."""


def listed_types(
    wanted: Collection[EventType], permissions: Collection[Permission]
) -> tuple[Sequence[EventType], Permission | None]:
    """The types to list, in order, and the permission that is missing for one of `wanted`. None wanted: all that
    the caller may see. `sms_logs` shows every event, `directory` those of consent."""
    if Permission.SMS_LOGS in permissions:
        return [each for each in PUBLIC if each in wanted or not wanted], None
    visible = {EventType.OPT_IN_CHANGED} if Permission.DIRECTORY in permissions else set()
    missing = None if visible and visible.issuperset(wanted) else Permission.SMS_LOGS
    return sorted(visible), missing


def live_changed(changes: Sequence[Change]) -> NewEvent:
    """The event of what one transaction announces. A phone number is not kept: it may be erased."""
    kept = [{key: None if key == "phone_number" else value for key, value in each.items()} for each in changes]
    return NewEvent(type=EventType.LIVE_CHANGED, data={"changes": distinct(kept)})


def distinct(changes: Iterable[Change]) -> list[Change]:
    """Each change once, in the order of its last time. Only a `resync` if they are too many, or hold one."""
    by_key: dict[str, Change] = {}
    for each in changes:
        key = json.dumps(each, sort_keys=True)
        by_key.pop(key, None)
        by_key[key] = each
    found = list(by_key.values())
    is_too_much = len(found) > MAX_CHANGES or any(each["type"] == RESYNC for each in found)
    return [{"type": RESYNC}] if is_too_much else found


def actor_data(actor: Actor) -> dict[str, Any]:
    """The actor without its name."""
    return {"kind": actor.kind.value, "id": str(actor.id) if actor.id else None}


def event_of(entry: NewEntry) -> NewEvent | None:
    """The event that an audit entry is; None if it is none."""
    details, actor = entry.details or {}, actor_data(entry.actor)
    if (type_ := OF_CONVERSATIONS.get(entry.action)) is not None:
        data: dict[str, Any] = {"actor": actor}
        if type_ is EventType.CONVERSATION_ASSIGNED:
            data |= {"assignee_id": details["to_id"], "previous_assignee_id": details["from_id"]}
        return NewEvent(type=type_, conversation_id=entry.conversation_id, message_id=entry.message_id, data=data)
    if (cause := OF_CONSENT.get(entry.action)) is not None:
        data = {
            "actor": actor,
            "cause": cause.value,
            "phone_record_id": details.get("phone_record_id"),
            "state": details.get("to"),
            "source": details.get("source"),
        }
        return NewEvent(type=EventType.OPT_IN_CHANGED, phone_number=entry.phone_number, data=data)
    if (state := OF_MASS_TEXTS.get(entry.action)) is not None and details.get("from") != DRAFT:
        data = {"actor": actor, "broadcast_id": details["broadcast_id"], "state": state}
        return NewEvent(type=EventType.MASS_TEXT_FINISHED, data=data)
    return None
