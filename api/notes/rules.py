"""Limits of notes, and who may change one, as pure rules."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from api.access.rules import Principal
from api.audit.rules import Actor

MAX_CHARACTERS = 10_000
MAX_MENTIONS = 20
MAX_EDITS = 100

PER_AUTHOR, WINDOW = 60, timedelta(minutes=1)
"""Notes that one author may add in this time."""


@dataclass(frozen=True)
class NewNote:
    body: str
    mentions: tuple[UUID, ...]


@dataclass(frozen=True)
class NoteEdit:
    """None: as it is."""

    body: str | None
    mentions: tuple[UUID, ...] | None


RESTORE_WITHIN = timedelta(hours=1)
"""How long whoever has removed a note can undo it."""


def is_author(principal: Principal, *, author_kind: str, author_id: UUID) -> bool:
    return (principal.kind.value, principal.id) == (author_kind, author_id)


def may_remove(principal: Principal, *, author_kind: str, author_id: UUID) -> bool:
    return principal.is_admin or is_author(principal, author_kind=author_kind, author_id=author_id)


def may_restore(principal: Principal, removed_by: Actor) -> bool:
    """Whoever has removed it."""
    return (principal.actor.kind, principal.actor.id) == (removed_by.kind, removed_by.id)
