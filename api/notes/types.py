"""Wire model of a note, embedded by other slices too."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.audit.rules import Actor, ActorKind
from api.notes.service import NoteView


class MentionedPerson(BaseModel):
    staff_member_id: UUID
    name: str


class NoteRemoval(BaseModel):
    at: datetime
    by: Actor


class NoteOut(BaseModel):
    model_config = ConfigDict(title="Note")

    id: UUID
    conversation_id: UUID
    body: str
    """Empty once it is removed or erased."""
    author: Actor
    mentions: list[MentionedPerson]
    created_at: datetime
    edited_at: datetime | None
    edits: int
    """How often its wording was changed."""
    removed: NoteRemoval | None
    erased_at: datetime | None

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
            edited_at=note.edited_at,
            edits=note.edits,
            removed=NoteRemoval(at=note.removed_at, by=removed_by) if note.removed_at and removed_by else None,
            erased_at=note.erased_at,
        )
