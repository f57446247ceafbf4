"""The rows of the demo team's work: notes, assignments, scheduled texts, saved replies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from api.audit.rules import Action, NewEntry
from api.conversations.models import Conversation, InboxRow
from api.conversations.rows import conversation_entry
from api.conversations.scheduled_models import ScheduledText
from api.kit.database import Base
from api.kit.folding import fold_name
from api.kit.ids import new_id
from api.kit.lexemes import search_vector
from api.kit.times import rfc3339
from api.notes.models import Note as NoteRow
from api.notes.models import NoteMention
from api.saved_replies.models import SavedReply
from demo.business import Business
from demo.people import us
from demo.steps import Assign, Note


@dataclass(frozen=True)
class Later:
    """A text that is scheduled. `days`: from the start of the demo, or the first open day after that."""

    number: str
    by: str
    body: str
    days: int
    minute: int
    """After opening."""


SCHEDULED = (
    Later(us("0128"), "maria", "Hi Yuki, a reminder: Hana starts in Beginner 2 on Wednesday at 4:45.", 1, 30),
    Later(us("0116"), "aroha", "Hi Keisha, has the deposit gone through? We hold the room until noon.", 1, 15),
    Later(us("0147"), "ada", "Hi Claire, the e-mail about the team is on its way. Thank you for waiting!", 2, 60),
)

REPLIES: Sequence[tuple[str | None, str, str, int]] = (
    (None, "Opening hours", "Hi {first_name}, we are open Monday to Friday 9 to 8:30 and Saturday 8:30 to 3.", 41),
    (
        None,
        "Make-up class",
        "Hi {first_name}, you can book a make-up class in the portal. They last 60 days.",
        37,
    ),
    (None, "What to bring", "A water bottle, hair tied back and bare feet. We have everything else!", 22),
    (None, "Lost and found", "It is in the box by the front door. We keep things until the end of the month.", 9),
    (
        None,
        "Running late",
        "No problem, {first_name}: come in quietly, they will be warming up on the floor. {my_name}",
        14,
    ),
    ("maria", "Call me back", "Hi {first_name}, could you call me at the front desk before 8? Thank you, {my_name}", 6),
)
"""Owner (None: the business), title, body, uses."""


def write_note(business: Business, row: InboxRow, step: Note, at: datetime) -> None:
    """`link_notes` says where it stands in the thread, once the entry is stored."""
    author = business.actor(step.by)
    note_id = new_id()
    mentioned = [business.staff[step.mentions].id] if step.mentions else []
    business.notes.append(
        NoteRow(
            organization_id=business.id,
            id=note_id,
            conversation_id=row.conversation.id,
            body=step.body,
            search=search_vector(step.body, organization_id=business.id),
            author_kind=author.kind.value,
            author_id=author.id,
            author_name=author.name,
            created_at=at,
            edits=0,
        )
    )
    business.mentions += [
        NoteMention(organization_id=business.id, id=new_id(), note_id=note_id, staff_member_id=each, created_at=at)
        for each in mentioned
    ]
    details = {"note_id": str(note_id), "mentions": [str(each) for each in mentioned]}
    business.record(at, conversation_entry(Action.NOTE_ADDED, author, row, details=details))


def link_notes(business: Business, entry_ids: Mapping[str, UUID]) -> list[Base]:
    """The rows of the notes. `entry_ids`: of their audit entries, by the note's id."""
    for note in business.notes:
        note.entry_id = entry_ids[str(note.id)]
    return [*business.notes, *business.mentions]


def assign(business: Business, row: InboxRow, step: Assign, at: datetime) -> None:
    before, assignee = row.conversation.assignee_id, business.staff[step.to]
    row.conversation.assignee_id = assignee.id
    details = {"from_id": str(before) if before else None, "to_id": str(assignee.id)}
    business.record(at, conversation_entry(Action.CONVERSATION_ASSIGNED, business.actor(step.by), row, details=details))


def schedule_texts(business: Business) -> None:
    conversations = {row.phone_number_id: row for row in business.rows if isinstance(row, Conversation)}
    for later in SCHEDULED:
        number = business.numbers[later.number]
        conversation = conversations[number.id]
        # After the last message, as the author has seen it.
        at = max(business.hours.before(business.now, 9), conversation.updated_at + timedelta(seconds=5))
        author = business.actor(later.by)
        text = business.add(
            ScheduledText,
            conversation_id=conversation.id,
            body=later.body,
            media_urls=[],
            send_at=(send_at := business.hours.later(business.now, days=later.days, minute=later.minute)),
            due_at=send_at,
            only_if_nothing_new=True,
            close=False,
            seen_seq=conversation.last_seq,
            scheduled_by_staff_member_id=author.id,
            created_at=at,
            updated_at=at,
        )
        entry = conversation_entry(
            Action.MESSAGE_SCHEDULED,
            author,
            InboxRow(conversation, number),
            message_id=text.id,
            details={"send_at": rfc3339(send_at)},
        )
        business.record(at, entry)


def save_replies(business: Business, *, at: datetime) -> None:
    for owner, title, body, uses in REPLIES:
        reply = business.add(
            SavedReply,
            staff_member_id=business.staff[owner].id if owner else None,
            title=title,
            body=body,
            key=fold_name(title),
            search=fold_name(f"{title} {body}"),
            uses=uses,
            created_at=at,
            updated_at=at,
        )
        scope = "own" if owner else "organization"
        details = {"saved_reply_id": str(reply.id), "title": title, "scope": scope, "body": body}
        business.record(at, NewEntry(Action.SAVED_REPLY_CREATED, business.actor(owner or "ada"), details=details))
