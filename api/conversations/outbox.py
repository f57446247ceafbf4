"""The outbox's order: what leaves before what, on a line and in a conversation. `delivery` claims by it.

| of | what leaves first |
| --- | --- |
| a line | `Priority`, then what has been due for longer; simultaneous mass texts take turns (MASS-FAIR) |
| a conversation | the earlier text (SEND-ORDER). A later one is `behind` it and is not claimed |
| a reply behind a mass text | the mass text leaves at once, with the reply's priority, and then the reply |
| a reply behind a mass text that is paused or not due | the reply. The mass text leaves when it may |

`place` keeps `behind` and the priority. It follows whatever lets a later text leave: an entry's removal, an unknown
outcome, a mass text that is deferred or paused. The caller holds the lock of the conversations.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations import outbox_queries, queries
from api.conversations.outbox_queries import START as START
from api.conversations.outbox_queries import Place as Place
from api.conversations.outbox_queries import WaitingText as WaitingText
from api.conversations.outbox_queries import Window as Window
from api.conversations.outbox_queries import free_stuck as free_stuck
from api.conversations.outbox_queries import lock_queued as lock_queued
from api.conversations.outbox_queries import mark_behind as mark_behind
from api.conversations.outbox_queries import must_wait as must_wait
from api.conversations.outbox_queries import out_of_window as out_of_window
from api.conversations.outbox_queries import place as place
from api.conversations.outbox_queries import queued_texts as queued_texts
from api.kit.database import database_time, notify
from api.kit.request_context import current_request_id

OUTBOX_CHANNEL = "messenger_outbox"
"""NOTIFY that something waits to be sent. Polling guarantees progress without it."""


class Priority(IntEnum):
    CONFIRMATION = 0
    """The answer to a keyword."""
    REPLY = 1
    MASS_TEXT = 2


@dataclass(frozen=True)
class NewEntry:
    """A stored message to be sent. Of a mass text it has a `broadcast_id`."""

    message_id: UUID
    conversation_id: UUID
    line_id: UUID
    seq: int
    priority: Priority = Priority.REPLY
    due_at: datetime | None = None
    """Not before. None: now."""
    broadcast_id: UUID | None = None
    not_after: datetime | None = None
    """Of a mass text: it is not posted later, but waits until `set_windows` gives it another time (MASS-HOURS)."""
    past_gate: bool = False
    """It is sent whatever the opt-in check says (OPTIN-CONFIRM)."""


async def enqueue_many(session: AsyncSession, organization_id: UUID, entries: Sequence[NewEntry]) -> None:
    """Queue messages of one organization that the caller has stored, and wake the workers that send.

    Two statements, however many entries. The caller holds the lock of their conversations.
    """
    if not entries:
        return
    request_id = current_request_id()
    now = None if all(each.due_at for each in entries) else await database_time(session)
    await outbox_queries.insert_entries(
        session,
        organization_id,
        [
            {
                "id": each.message_id,
                "conversation_id": each.conversation_id,
                "line_id": each.line_id,
                "seq": each.seq,
                "priority": each.priority.value,
                "due_at": each.due_at or now,
                "broadcast_id": each.broadcast_id,
                "not_after": each.not_after,
                "past_gate": each.past_gate,
                "request_id": request_id,
            }
            for each in entries
        ],
    )
    # A reply may be behind a mass text; and of two new texts in a conversation the later is behind the earlier.
    texts = Counter(each.conversation_id for each in entries)
    replies = {each.conversation_id for each in entries if each.broadcast_id is None}
    await place(session, organization_id, replies | {each for each, count in texts.items() if count > 1})
    notify(session, OUTBOX_CHANNEL, {"organization_id": str(organization_id)})


async def pause_broadcast(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> None:
    """Claim nothing more of a mass text. Takes the same time however many of its texts wait.

    Replies that are behind one of its texts need not wait any longer.
    """
    await outbox_queries.insert_pause(session, organization_id, broadcast_id)
    conversation_ids = set(await outbox_queries.conversations_in_a_hurry(session, organization_id, broadcast_id))
    if conversation_ids:
        await queries.lock_conversations(session, organization_id, conversation_ids)
        await place(session, organization_id, conversation_ids)
        notify(session, OUTBOX_CHANNEL, {"organization_id": str(organization_id)})


async def resume_broadcast(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> None:
    """Claim it again. Also the end of a cancelled mass text of which nothing waits any more."""
    await outbox_queries.delete_pause(session, organization_id, broadcast_id)
    notify(session, OUTBOX_CHANNEL, {"organization_id": str(organization_id)})


async def set_windows(session: AsyncSession, organization_id: UUID, windows: Sequence[Window]) -> None:
    """Give queued mass texts another time to leave, in one statement. Conversations need not be locked."""
    if windows:
        await outbox_queries.set_windows(session, organization_id, windows)
        notify(session, OUTBOX_CHANNEL, {"organization_id": str(organization_id)})
