"""Everything the carrier remembers, with the indexes it is asked by."""

import base64
import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

from simulator.model import Account, Handset, Line, Message


class Notebook(Protocol):
    """Where changes are written down, if anywhere."""

    def put(self, kind: str, key: str, value: object) -> None: ...

    def remove(self, kind: str, key: str) -> None: ...


class NoNotebook:
    def put(self, kind: str, key: str, value: object) -> None:
        return None

    def remove(self, kind: str, key: str) -> None:
        return None


@dataclasses.dataclass(slots=True)
class StoredMedia:
    id: str
    content_type: str
    content_base64: str

    @property
    def content(self) -> bytes:
        return base64.b64decode(self.content_base64)


@dataclasses.dataclass(slots=True)
class Counts:
    """Since the last reset or start."""

    sends_accepted: int = 0
    sends_refused: int = 0
    inbound: int = 0


class State:
    def __init__(self, notebook: Notebook | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self.notebook = notebook or NoNotebook()
        self.clock = clock
        self.clear()

    def clear(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.lines: dict[str, Line] = {}
        self.services: dict[str, list[Line]] = defaultdict(list)
        self.handsets: dict[str, Handset] = {}
        self.stored_media: dict[str, StoredMedia] = {}
        self.clear_messages()

    def clear_messages(self) -> None:
        """Forget every text and every unsubscription; keep accounts, lines and handsets."""
        self.messages: dict[str, Message] = {}
        self.by_account: dict[str, list[Message]] = defaultdict(list)
        self.by_line: dict[str, list[Message]] = defaultdict(list)
        self.by_handset: dict[str, list[Message]] = defaultdict(list)
        self.stopped: set[tuple[str, str]] = set()
        self.counts = Counts()
        self._last_number = 0

    # Set-up

    def put_account(self, account: Account) -> None:
        self.accounts[account.sid] = account
        self.notebook.put("account", account.sid, account)

    def put_line(self, line: Line) -> None:
        before = self.lines.get(line.phone_number)
        if before is not None and before.messaging_service_sid is not None:
            self.services[before.messaging_service_sid] = [
                other
                for other in self.services[before.messaging_service_sid]
                if other.phone_number != line.phone_number
            ]
        self.lines[line.phone_number] = line
        if line.messaging_service_sid is not None:
            self.services[line.messaging_service_sid].append(line)
        self.notebook.put("line", line.phone_number, line)

    def put_handset(self, handset: Handset) -> None:
        self.handsets[handset.phone_number] = handset
        self.notebook.put("handset", handset.phone_number, handset)

    def handset(self, phone_number: str) -> Handset:
        """The handset with this number. Every number has one; nobody needs to introduce it first."""
        found = self.handsets.get(phone_number)
        if found is None:
            found = Handset(phone_number=phone_number)
            self.put_handset(found)
        return found

    def put_media(self, media: StoredMedia) -> None:
        self.stored_media[media.id] = media
        self.notebook.put("media", media.id, media)

    # Texts

    def next_number(self) -> int:
        self._last_number += 1
        return self._last_number

    def add(self, message: Message) -> None:
        """Raises KeyError for a sid that is taken."""
        if message.sid in self.messages:
            raise KeyError(message.sid)
        self.messages[message.sid] = message
        self.by_account[message.account_sid].append(message)
        self.by_line[message.line].append(message)
        self.by_handset[message.handset].append(message)
        self._last_number = max(self._last_number, message.number)
        self.changed(message)

    def changed(self, message: Message) -> None:
        self.notebook.put("message", message.sid, message)

    def texts_on(self, handset: str) -> list[Message]:
        """What the person sees, in the order in which it appeared."""
        shown = [message for message in self.by_handset.get(handset, ()) if message.on_handset]
        return sorted(shown, key=lambda message: (message.on_handset_at, message.number))

    # Unsubscriptions

    def is_stopped(self, line: Line, handset: str) -> bool:
        return (line.sender, handset) in self.stopped

    def stop(self, line: Line, handset: str) -> None:
        self.stopped.add((line.sender, handset))
        self.notebook.put("stopped", f"{line.sender} {handset}", [line.sender, handset])

    def lift_stop(self, line: Line, handset: str) -> None:
        self.stopped.discard((line.sender, handset))
        self.notebook.remove("stopped", f"{line.sender} {handset}")
