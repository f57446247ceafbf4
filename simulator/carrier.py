"""The carrier behind every dialect: it moves texts, and its network answers STOP."""

import asyncio
import base64
import logging
import secrets
from collections.abc import Mapping, Sequence

from simulator import keywords, media
from simulator.faults import Faults, Where
from simulator.model import FINAL, Direction, Failure, HandsetState, Line, Media, Message, Status, Submission
from simulator.reports import Reports, facts_of
from simulator.segments import count_segments
from simulator.settings import Settings
from simulator.state import State, StoredMedia
from simulator.store import Store
from simulator.stream import Hub
from simulator.views import text_view
from simulator.wire import Wire

_log = logging.getLogger(__name__)


class Carrier:
    def __init__(self, settings: Settings, wires: Mapping[str, Wire]) -> None:
        self.settings = settings
        self.wires = wires
        self.faults = Faults(settings.seed)
        self.hub = Hub()
        self.closing = asyncio.Event()
        self.state = State()
        self.fails_at_once: int | None = None
        """The provider's code if the text that is being accepted fails at once."""
        self.reports = Reports(self)
        self._store: Store | None = None
        self._moving: dict[str, asyncio.TimerHandle] = {}
        self._fetching: dict[str, asyncio.Task[None]] = {}

    # Life

    async def start(self) -> None:
        """Raises sqlite3.Error or ValueError for a state file that cannot be used."""
        self.reports.start()
        if self.settings.state_file is not None:
            self._store = Store(self.settings.state_file)
            self.state = State(self._store)
            jobs = self._store.load(self.state)
            self._store.start()
            for message in self.state.messages.values():
                if message.status not in FINAL:
                    self._set_out(message)
            for job in jobs:
                self.reports.dispatcher.submit(job)

    async def stop(self) -> None:
        """Keep what is still to be done in the state file; without one, finish it as far as time allows."""
        self.closing.set()
        under_way = [*self._moving, *self._fetching]
        await self._halt()
        if self._store is None:
            for sid in under_way:
                while self.state.messages[sid].status not in FINAL:
                    self._move(self.state.messages[sid], schedule=False)
        await self.reports.stop(wait=self.settings.drain_seconds)
        if self._store is not None:
            await self._store.stop()
        elif self.reports.dispatcher.pending:
            _log.warning("stopped with %d webhooks unanswered", len(self.reports.dispatcher.pending))

    async def _halt(self) -> None:
        """Leave every text where it is."""
        for timer in self._moving.values():
            timer.cancel()
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._moving.clear()
        self._fetching.clear()

    async def wait_until_idle(self, seconds: float) -> bool:
        """Whether, within `seconds`, every text has ended and every webhook is answered or given up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self._moving or self._fetching or self.reports.dispatcher.pending:
            if loop.time() >= deadline or self.closing.is_set():
                return False
            await asyncio.sleep(0.01)
        return True

    async def reset(self, *, keep_setup: bool) -> None:
        """Forget every text, webhook, unsubscription and fault, and, unless `keep_setup`, all the rest."""
        await self._halt()
        await self.reports.clear()
        self.faults.replace((), seed=self.settings.seed)
        if keep_setup:
            self.state.clear_messages()
        else:
            self.state.clear()
        if self._store is not None:
            setup = () if keep_setup else ("account", "line", "profile", "handset", "media")
            await self._store.forget("message", "stopped", "answer", "job", *setup)
        self.hub.publish("resync", {})

    # From a line to a handset

    def accept(self, line: Line, text: Submission) -> Message:
        """Take a text for delivery. Timers move it on from here."""
        state = self.state
        message = self._new_message(
            line,
            text.to,
            direction=text.direction,
            body=text.body,
            status=Status.ACCEPTED if text.picks_sender else Status.QUEUED,
            media=[Media(id=new_media_id(), url=url, content_type=media.guess_type(url)) for url in text.media_urls],
        )
        if text.direction is not Direction.CARRIER:
            message.status_callback = text.status_callback or state.status_address(line)
        message.fallback_callback, message.tag = text.fallback_callback, text.tag
        message.profile_id, message.failure = text.profile_id, text.failure
        if self.fails_at_once is not None:
            message.status, message.failure_code = Status.UNDELIVERED, self.fails_at_once
            message.failed_at_once = True
        state.add(message)
        if text.direction is Direction.OUTBOUND_API:
            state.counts.sends_accepted += 1
        self.reports.status(message)
        if not message.failed_at_once:
            self._set_out(message)
        return message

    def _set_out(self, message: Message) -> None:
        """Begin, or go on with, the way to the handset. Pictures are fetched before anything else."""
        if all(each.stored for each in message.media):
            self._move_later(message)
        else:
            task = asyncio.create_task(self._fetch_media(message), name=f"simulator-media-{message.sid}")
            self._fetching[message.sid] = task

    async def _fetch_media(self, message: Message) -> None:
        """A picture that cannot be had arrives as its address alone."""
        line = self.state.lines.get(message.line)
        allowed = frozenset() if line is None else self.state.origins(line)
        for each in message.media:
            if each.stored:
                continue
            try:
                content, content_type = await media.fetch(each, api_url=self.settings.api_url, allowed=allowed)
            except media.NotFetchedError as error:
                self.reports.alert(message.sid, "media", f"{each.url}: {error}")
                continue
            self.hold(each, content=content, content_type=content_type)
        self.state.changed(message)
        self._fetching.pop(message.sid, None)
        self._move_later(message)

    def hold(self, picture: Media, *, content: bytes, content_type: str) -> None:
        """Keep the content of `picture`, to be shown and handed out."""
        picture.stored, picture.size, picture.content_type = True, len(content), content_type
        encoded = base64.b64encode(content).decode()
        self.state.put_media(StoredMedia(id=picture.id, content_type=content_type, content_base64=encoded))

    def _move_later(self, message: Message) -> None:
        settings = self.settings
        delay = {
            Status.ACCEPTED: settings.queued_after,
            Status.QUEUED: settings.sending_after,
            Status.SENDING: settings.sent_after,
            Status.SENT: settings.delivered_after,
        }[message.status]
        self._moving[message.sid] = asyncio.get_running_loop().call_later(delay, self._move, message)

    def _move(self, message: Message, *, schedule: bool = True) -> None:
        """One step on the way to the handset."""
        self._moving.pop(message.sid, None)
        now = self.state.clock()
        message.updated_at = now
        match message.status:
            case Status.ACCEPTED:
                message.status = Status.QUEUED
            case Status.QUEUED:
                message.status = Status.SENDING
            case Status.SENDING:
                message.status = Status.SENT
                message.sent_at = now
            case _:
                self._reach_handset(message, now)
        self.state.changed(message)
        self.reports.status(message)
        if schedule and message.status not in FINAL:
            self._move_later(message)

    def _reach_handset(self, message: Message, now: float) -> None:
        handset = self.state.handset(message.handset)
        message.delivered_at = now
        fault = self.faults.decide(Where.DELIVERY, facts_of(message, message.status)).rule
        if fault is not None:
            message.failure_code = fault.code
        elif handset.state is not HandsetState.ON:
            message.failure = message.failure or Failure(handset.state.value)
        if message.failure is None and message.failure_code is None:
            message.status = Status.DELIVERED
            self._show(message)
        else:
            message.status = Status.UNDELIVERED

    def _show(self, message: Message) -> None:
        if self.hub.watched:
            self.hub.publish("text", text_view(message))

    # From a handset to a line

    def text(
        self,
        handset: str,
        line: Line,
        *,
        body: str,
        media: Sequence[Media] = (),
        own_address: str = "",
        message_sid: str | None = None,
        repeat: int = 1,
    ) -> Message:
        """A person texts a line. The business is told `repeat` times of the one text, and finds the pictures that
        the carrier holds under `own_address`. Raises KeyError for a `message_sid` that is taken."""
        state = self.state
        keyword = keywords.recognise(body, kind=line.kind)
        message = self._new_message(
            line,
            handset,
            direction=Direction.INBOUND,
            body=body,
            status=Status.RECEIVED,
            media=media,
            message_sid=message_sid,
        )
        message.sent_at = message.created_at
        message.opt_out_type = keyword.value if keyword is not None and line.advanced_opt_out else None
        for each in message.media:
            if each.stored:
                each.url = own_address + self.wires[line.wire].media_path(message, each)
        state.add(message)
        state.handset(handset)
        state.counts.inbound += 1
        self._show(message)
        if keyword is not None and line.keywords == "carrier":
            self._obey(keyword, line, handset)
        self.reports.inbound(message, times=repeat)
        return message

    def _obey(self, keyword: keywords.Keyword, line: Line, handset: str) -> None:
        was_stopped = self.state.is_stopped(line, handset)
        if keyword is keywords.Keyword.STOP:
            self.state.stop(line, handset)
        elif keyword is keywords.Keyword.START:
            self.state.lift_stop(line, handset)
        answer = keywords.answer(keyword, kind=line.kind, was_stopped=was_stopped)
        if answer is not None:
            self.accept(line, Submission(to=handset, body=answer, direction=Direction.CARRIER))

    def remember(
        self, handset: str, line: Line, *, body: str, inbound: bool, at: float, message_sid: str | None = None
    ) -> Message:
        """Put a text of the past into the books. Nobody is told of it. Raises KeyError for a sid that is taken."""
        message = self._new_message(
            line,
            handset,
            direction=Direction.INBOUND if inbound else Direction.OUTBOUND_API,
            body=body,
            status=Status.RECEIVED if inbound else Status.DELIVERED,
            message_sid=message_sid,
        )
        message.created_at = message.updated_at = message.sent_at = at
        message.delivered_at = None if inbound else at
        message.past = True
        self.state.add(message)
        self.state.handset(handset)
        return message

    def _new_message(
        self,
        line: Line,
        handset: str,
        *,
        direction: Direction,
        body: str,
        status: Status,
        media: Sequence[Media] = (),
        message_sid: str | None = None,
    ) -> Message:
        """A message of now, which is in no book yet."""
        now = self.state.clock()
        return Message(
            number=self.state.next_number(),
            sid=message_sid or self.wires[line.wire].new_message_sid(has_media=bool(media)),
            account_sid=line.account_sid,
            line=line.phone_number,
            handset=handset,
            direction=direction,
            body=body,
            status=status,
            created_at=now,
            updated_at=now,
            wire=line.wire,
            media=list(media),
            segments=count_segments(body),
            profile_id=line.profile_id,
        )


def new_media_id() -> str:
    return "ME" + secrets.token_hex(16)
