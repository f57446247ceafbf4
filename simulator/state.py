"""Everything the carrier remembers, with the indexes it is asked by."""

import base64
import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from simulator.model import Account, Direction, Handset, Line, Message, Profile


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


@dataclasses.dataclass(slots=True, kw_only=True)
class KeptAnswer:
    """What a request was answered with, to be said again when it is repeated."""

    key: str
    fingerprint: str
    """Of the request: another one under the same key is not its repetition."""

    message_sid: str
    at: float


@dataclasses.dataclass(slots=True)
class Counts:
    """Since the last reset or start."""

    sends_accepted: int = 0
    sends_refused: int = 0
    inbound: int = 0


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class State:
    def __init__(self, notebook: Notebook | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self.notebook = notebook or NoNotebook()
        self.clock = clock
        self.clear()

    def clear(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.lines: dict[str, Line] = {}
        self.profiles: dict[str, Profile] = {}
        self.lines_of: dict[str, list[Line]] = defaultdict(list)
        """By profile."""
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
        self.kept_answers: dict[str, KeptAnswer] = {}
        self.counts = Counts()
        self._last_number = 0

    # Set-up

    def put_account(self, account: Account) -> None:
        self.accounts[account.sid] = account
        self.notebook.put("account", account.sid, account)

    def put_line(self, line: Line) -> None:
        before = self.lines.get(line.phone_number)
        if before is not None and before.profile_id is not None:
            self.lines_of[before.profile_id] = [
                other for other in self.lines_of[before.profile_id] if other.phone_number != line.phone_number
            ]
        self.lines[line.phone_number] = line
        if line.profile_id is not None:
            self.lines_of[line.profile_id].append(line)
        self.notebook.put("line", line.phone_number, line)

    def put_profile(self, profile: Profile) -> None:
        self.profiles[profile.id] = profile
        self.notebook.put("profile", profile.id, profile)

    def profile(self, id: str | None) -> Profile | None:
        """Settings of the lines in a profile. One that only its lines name has the addresses of the first of them."""
        found = self.profiles.get(id or "")
        if found is not None or id is None or not self.lines_of.get(id):
            return found
        first = self.lines_of[id][0]
        return Profile(
            id=id,
            account_sid=first.account_sid,
            label=first.label,
            inbound_url=first.inbound_url,
            status_url=first.status_url,
            fallback_url=first.fallback_url,
        )

    def inbound_addresses(self, line: Line) -> tuple[str, ...]:
        """Where texts to `line` are reported, and where else if nobody is there."""
        profile = self.profile(line.profile_id)
        of_line = line.inbound_url and (profile is None or profile.use_line_urls)
        settings: Line | Profile = line if of_line or profile is None else profile
        return tuple(filter(None, (settings.inbound_url, settings.fallback_url)))

    def status_address(self, line: Line) -> str | None:
        """Where the fate of texts from `line` is reported that name no address of their own."""
        profile = self.profile(line.profile_id)
        return line.status_url or (profile.status_url if profile is not None else None)

    def origins(self, line: Line) -> frozenset[str]:
        """Where its business is, as far as the set-up says: scheme, host and port of each address."""
        profile = self.profile(line.profile_id)
        settings: list[Line | Profile] = [line] if profile is None else [line, profile]
        urls = [url for each in settings for url in (each.inbound_url, each.status_url, each.fallback_url) if url]
        return frozenset(origin(url) for url in urls)

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

    def message_of(self, account: Account, sid: str) -> Message | None:
        """A message that its account may read. Confirmations by the carrier are not among them."""
        message = self.messages.get(sid)
        if message is None or message.account_sid != account.sid or message.direction is Direction.CARRIER:
            return None
        return message

    def changed(self, message: Message) -> None:
        self.notebook.put("message", message.sid, message)

    def texts_on(self, handset: str) -> list[Message]:
        """What the person sees, in the order in which it appeared."""
        shown = [message for message in self.by_handset.get(handset, ()) if message.on_handset]
        return sorted(shown, key=lambda message: (message.on_handset_at, message.number))

    # Answers to be repeated

    def keep_answer(self, answer: KeptAnswer) -> None:
        self.kept_answers[answer.key] = answer
        self.notebook.put("answer", answer.key, answer)

    # Unsubscriptions

    def is_stopped(self, line: Line, handset: str) -> bool:
        return (line.sender, handset) in self.stopped

    def stop(self, line: Line, handset: str) -> None:
        self.stopped.add((line.sender, handset))
        self.notebook.put("stopped", f"{line.sender} {handset}", [line.sender, handset])

    def lift_stop(self, line: Line, handset: str) -> None:
        self.stopped.discard((line.sender, handset))
        self.notebook.remove("stopped", f"{line.sender} {handset}")
