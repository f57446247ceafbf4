"""Wire model of a note, embedded by other slices too."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.audit.rules import Actor, ActorKind
from api.notes.service import NoteView


class MentionedPerson(BaseModel):
    staff_member_id: UUID
    name: str
    """The name of the staff member."""


class NoteRemoval(BaseModel):
    at: datetime
    """When it was removed."""
    by: Actor
    """Who removed it."""


class NoteOut(BaseModel):
    model_config = ConfigDict(title="Note")

    id: UUID
    conversation_id: UUID
    body: str
    """Empty once it is removed or erased."""
    author: Actor
    """Who wrote it."""
    mentions: list[MentionedPerson]
    """Who is told of it."""
    created_at: datetime
    updated_at: datetime
    """When it was written, reworded, removed, restored or erased last."""
    edited_at: datetime | None
    """When its wording was last changed; null if it never was."""
    edits: int
    """How often its wording was changed."""
    removed: NoteRemoval | None
    """Null unless it is removed. Then its body is empty."""
    erased_at: datetime | None
    """When it was erased, on request or by age; else null."""

    @classmethod
    def of(cls, view: NoteView) -> "NoteOut":
        note = view.note
        removed_by = Actor.stored(note.removed_by)
        return cls(
            id=note.id,
            conversation_id=note.conversation_id,
            body=note.body,
            author=Actor(ActorKind(note.author_kind), note.author_id, note.author_name),
            mentions=[MentionedPerson(staff_member_id=each.staff_member_id, name=each.name) for each in view.mentions],
            created_at=note.created_at,
            updated_at=note.updated_at,
            edited_at=note.edited_at,
            edits=note.edits,
            removed=NoteRemoval(at=note.removed_at, by=removed_by) if note.removed_at and removed_by else None,
            erased_at=note.erased_at,
        )
