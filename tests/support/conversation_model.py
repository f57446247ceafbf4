"""A conversation by the product's rules alone, with none of the service's code: what the service is compared with.

It is written from the table of statuses and from STATUS-VIEWING, STATUS-SEEN, STATUS-CLOSE-RACE, STATUS-REPLY-RACE,
IND-RED, IND-GRAY and AUDIT-WHAT. What those leave open is settled here in words:

- *Confirming the last `seq`* means the last incoming one: `unread` says that a message has arrived that nobody has
  seen, and a text of ours after it is none.
- A text that nobody wrote in the thread (a mass text, an integration's) is seen by nobody, and asks nobody to see it.
- Each message that arrives under a viewer's eyes has a deadline of its own, its arrival plus `confirm_within`. What had
  lain unread before is due with the message that opened the conversation. The conversation becomes unread when the
  first of those that are still unseen falls due.
- A deadline takes effect when the worker's sweep comes by, once a second; a lease ends by the clock alone.
- The clock is the database's. Set back, it lets a lease and a deadline wait until it has caught up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class Text:
    incoming: bool
    sender: str | None = None
    """Who of ours sent it."""
    seen: bool = False
    due: datetime | None = None
    """Until when a viewer must confirm it: set while it keeps the conversation open."""
    arrived_at: datetime | None = None


@dataclass
class Lease:
    since: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Refused:
    """409: the messages that the person missed."""

    missed: tuple[int, ...]


@dataclass(frozen=True)
class Unknown:
    """422: there is no such `seq`."""


@dataclass(frozen=True)
class Standing:
    """What an answer says of a conversation."""

    status: str
    last_seq: int
    seen_seq: int
    unread_messages: int


Answer = Standing | Refused | Unknown


@dataclass
class Conversation:
    lease: timedelta
    confirm_within: timedelta
    status: str = "closed"
    texts: list[Text] = field(default_factory=list)
    leases: dict[tuple[str, str], Lease] = field(default_factory=dict)
    """By (person, tab)."""
    trail: list[str] = field(default_factory=list)
    """The actions of its audit entries."""

    # What can be seen of it.

    @property
    def unseen(self) -> list[Text]:
        return [text for text in self.texts if text.incoming and not text.seen]

    @property
    def standing(self) -> Standing:
        seen = [seq for seq, text in enumerate(self.texts, start=1) if text.seen]
        return Standing(self.status, len(self.texts), max(seen, default=0), len(self.unseen))

    @property
    def seen_deadline(self) -> datetime | None:
        return min((text.due for text in self.unseen if text.due is not None), default=None)

    def viewers(self, now: datetime) -> dict[str, datetime]:
        """Each person who is viewing, and since when."""
        since: dict[str, datetime] = {}
        for (person, _), held in self.leases.items():
            if held.expires_at > now:
                since[person] = min(held.since, since.get(person, held.since))
        return since

    # What happens to it: a row of the table each.

    def arrives(self, *, now: datetime, count: int = 1) -> None:
        """`count` messages in one go."""
        viewing = bool(self.viewers(now))
        for _ in range(count):
            self.texts.append(Text(incoming=True, arrived_at=now))
            if not viewing:
                self._become_unread()
                continue
            self.status = "open"
            for text in self.unseen:
                text.due = text.due or now + self.confirm_within

    def sweep(self, now: datetime) -> None:
        # A lease that has been cleared away does not come back with a clock that is set back.
        self.leases = {tab: held for tab, held in self.leases.items() if held.expires_at > now}
        if self.status == "open" and self.seen_deadline is not None and self.seen_deadline <= now:
            self._become_unread()

    def view(self, person: str, tab: str, seen_seq: int, *, now: datetime) -> Answer:
        if seen_seq > len(self.texts):
            return Unknown()
        held = self.leases.get((person, tab))
        starts = held is None or held.expires_at <= now
        since = now if held is None or starts else held.since
        self.leases[person, tab] = Lease(since, now + self.lease)
        self._see(seen_seq)
        if self.status == "unread" and not self.unseen:
            self._become("open", "conversation.opened")
        elif starts:
            self.trail.append("conversation.viewed")
        return self.standing

    def leave(self, person: str, tab: str) -> None:
        self.leases.pop((person, tab), None)

    def close(self, seen_seq: int) -> Answer:
        if seen_seq > len(self.texts):
            return Unknown()
        missed = tuple(seq for seq, text in self._after(seen_seq) if text.incoming)
        if missed:
            return Refused(missed)
        self._see(seen_seq)
        self._become("closed", "conversation.closed")
        return self.standing

    def reopen(self) -> Answer:
        if self.status == "closed":
            self._become("open", "conversation.opened")
        return self.standing

    def reply(self, sender: str, *, by_key: bool = False, seen_seq: int | None = None, close: bool = False) -> Answer:
        """A person's; a key's is one only if it names what it has seen, or closes (decision 0004)."""
        if seen_seq is not None:
            if seen_seq > len(self.texts):
                return Unknown()
            missed = tuple(seq for seq, text in self._after(seen_seq) if text.sender != sender)
            if missed:
                return Refused(missed)
        self.texts.append(Text(incoming=False, sender=sender))
        self.trail.append("message.sent")
        if by_key and seen_seq is None and not close:
            return self.standing
        self._see(len(self.texts))
        if close:
            self._become("closed", "conversation.closed")
        else:
            self._become("open", "conversation.opened")
        return self.standing

    # In common.

    def _after(self, seq: int) -> Iterable[tuple[int, Text]]:
        return enumerate(self.texts[seq:], start=seq + 1)

    def _see(self, up_to: int) -> None:
        for text in self.texts[:up_to]:
            text.seen = True

    def _become(self, status: str, action: str) -> None:
        """Someone made it so. AUDIT-WHAT: not when it already was."""
        if self.status != status:
            self.trail.append(action)
        self.status = status

    def _become_unread(self) -> None:
        self._become("unread", "conversation.unread")
        for text in self.texts:
            text.due = None


def indicator(conversations: Iterable[Conversation]) -> tuple[int, int]:
    """(red, gray)."""
    rows = [each.standing for each in conversations]
    red = sum(row.unread_messages for row in rows if row.status == "unread")
    return red, sum(row.status == "open" for row in rows)
