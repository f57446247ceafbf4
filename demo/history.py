"""The rows of the demo's threads. The rules of live texts decide status, consent, segments and delivery."""

import secrets as random_secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.audit.rules import Actor, NewEntry
from api.consent import service as consent
from api.consent.keywords import Keyword, keyword
from api.consent.models import ConsumerInitiation
from api.consent.rules import LineFit, check_opt_in
from api.conversations import lifecycle
from api.conversations import rules as status_rules
from api.conversations.message_rules import Direction, segments
from api.conversations.models import Conversation, InboxRow, Message, TimelineEntry
from api.conversations.rules import NEW, Transition
from api.directory.models import PhoneNumber
from api.directory.rules import OptInSource, OptInState
from api.lines.models import Line
from api.media import service as media
from api.providers.port import MediaItem, MessageStatus, StatusReport
from api.providers.twilio.errors import ERRORS
from demo.business import Business, opt_in_entry
from demo.steps import Assign, Auto, Close, In, Note, OptOut, Out, Seen, Step, Thread
from demo.teamwork import assign, write_note

LANDLINE = "30006"

_SECONDS_OF_JITTER = 50
_READS_BEFORE_ANSWERING = timedelta(seconds=45)
_WORKER_TAKES_IT = timedelta(milliseconds=140)
_PROVIDER_TAKES_IT = timedelta(milliseconds=420)
_CALLBACK_SENT = timedelta(milliseconds=910)
_CALLBACK_FINAL = timedelta(milliseconds=2_730)


@dataclass
class ThreadState:
    """The state of a thread after some of its steps."""

    number: PhoneNumber
    line: Line
    conversation: Conversation | None = None
    last_at: datetime | None = None

    @property
    def started(self) -> Conversation:
        assert self.conversation is not None
        return self.conversation


class HistoryWriter:
    """Writes threads into the rows and audit entries of a business."""

    def __init__(self, business: Business, *, picture: bytes) -> None:
        self._business = business
        self._picture = picture
        self._initiated: set[tuple[str, str]] = set()
        """(number, line) of every number that has texted."""

    def write(self, threads: Sequence[Thread]) -> None:
        """Writes the steps of all threads in the order of their times."""
        states: list[ThreadState] = []
        due: list[tuple[datetime, int, Step]] = []
        for index, thread in enumerate(threads):
            times = self._times(thread)
            number = self._business.number(thread.number, at=times[0])
            states.append(ThreadState(number, self._business.lines[thread.line]))
            due += [(at, index, step) for at, step in zip(times, thread.steps, strict=True)]
        for at, index, step in sorted(due, key=lambda entry: entry[:2]):
            self._write_step(states[index], step, at)
            states[index].last_at = at

    def _times(self, thread: Thread) -> list[datetime]:
        ago = thread.ended
        times: list[datetime] = []
        for step in reversed(thread.steps):
            jitter = timedelta(seconds=7 * len(repr(step)) % _SECONDS_OF_JITTER)
            times.append(self._business.hours.before(self._business.now, ago) + jitter)
            ago += step.after
        return times[::-1]

    def _write_step(self, thread: ThreadState, step: Step, at: datetime) -> None:
        match step:
            case In():
                self._write_inbound(thread, step, at)
            case Out():
                self._write_reply(thread, step, at)
            case Auto():
                self._ensure_conversation(thread, at)
                goes_out = status_rules.text_goes_out(lifecycle.state_of(thread.started))
                self._write_outbound(thread, step.body, goes_out, at, by=None)
            case Seen():
                self._write_view(thread, step.by, at)
            case Close():
                self._write_view(thread, step.by, self._shortly_before(thread, at))
                state = lifecycle.state_of(thread.started)
                transition = status_rules.staff_closes(state, seen_seq=state.last_seq)
                self._change(thread, transition, self._business.actor(step.by), at)
            case OptOut():
                self._write_opt_out(thread, step.family, at)
            case Note():
                write_note(self._business, InboxRow(thread.started, thread.number), step, at)
            case Assign():
                assign(self._business, InboxRow(thread.started, thread.number), step, at)

    def _shortly_before(self, thread: ThreadState, at: datetime) -> datetime:
        moment = at - _READS_BEFORE_ANSWERING
        return moment if thread.last_at is None else max(moment, thread.last_at + timedelta(seconds=2))

    def _ensure_conversation(self, thread: ThreadState, at: datetime) -> None:
        if thread.conversation is None:
            thread.conversation = self._business.add(
                Conversation,
                line_id=thread.line.id,
                phone_number_id=thread.number.id,
                status=NEW.status.value,
                last_seq=NEW.last_seq,
                seen_seq=NEW.seen_seq,
                unread_messages=NEW.unread_messages,
                last_message_at=at,
                created_at=at,
                updated_at=at,
            )

    def _change(
        self, thread: ThreadState, transition: Transition, actor: Actor, at: datetime, *entries: NewEntry
    ) -> None:
        conversation = thread.started
        lifecycle.apply_state(conversation, transition.state, at=at)
        written = list(entries)
        if transition.change is not None:
            row = InboxRow(conversation, thread.number)
            written.append(lifecycle.conversation_entry(lifecycle.ACTIONS[transition.change], actor, row))
        self._business.record(at, *written)

    def _write_view(self, thread: ThreadState, by: str, at: datetime) -> None:
        state = lifecycle.state_of(thread.started)
        if state.unread_messages > 0:
            seen = status_rules.staff_views(state, confirmed_seq=state.last_seq, unread_above=0, next_due=None)
            self._change(thread, seen, self._business.actor(by), at)

    def _write_inbound(self, thread: ThreadState, step: In, at: datetime) -> None:
        self._ensure_conversation(thread, at)
        number, line = thread.number, thread.line
        if (number.number, line.phone_number) not in self._initiated:
            self._initiated.add((number.number, line.phone_number))
            self._business.add(ConsumerInitiation, phone_number_id=number.id, line_id=line.id, at=at)
        transition = status_rules.message_arrives(
            lifecycle.state_of(thread.started), viewing=False, at=at, confirm_within=timedelta()
        )
        message = self._message(thread, step.body, Direction.INBOUND, seq=transition.state.last_seq, at=at)
        if step.picture:
            self._add_picture(message, at)
        message.provider_message_id = ("MM" if step.picture else "SM") + random_secrets.token_hex(16)
        self._add_entry(message, MessageStatus.RECEIVED.value, at, source="provider")
        actor = lifecycle.number_actor(number)
        lifecycle.apply_state(thread.started, transition.state, at=at)
        lifecycle.show_as_last(thread.started, message)
        entries: list[NewEntry] = []
        if transition.change is not None:
            entries.append(
                lifecycle.conversation_entry(
                    lifecycle.ACTIONS[transition.change],
                    actor,
                    InboxRow(thread.started, number),
                    message_id=message.id,
                )
            )
        if keyword(step.body) is Keyword.STOP:
            stopped = consent.stop(number, actor=actor, source=OptInSource.KEYWORD, at=at, wording=step.body)
            entries += [stopped] if stopped else []
        self._business.record(at, *entries)

    def _add_picture(self, message: Message, at: datetime) -> None:
        """Adds the picture as already fetched."""
        item = MediaItem(url=f"https://api.twilio.com/demo/{message.id}", content_type="image/png")
        row, message.media = media.kept_file(message.organization_id, message.id, item, self._picture, at=at)
        self._business.rows.append(row)

    def _write_reply(self, thread: ThreadState, step: Out, at: datetime) -> None:
        moment = self._shortly_before(thread, at)
        if thread.conversation is None:
            self._ensure_conversation(thread, moment)
            opened = status_rules.staff_reopens(lifecycle.state_of(thread.started))
            self._change(thread, opened, self._business.actor(step.by), moment)
        self._write_view(thread, step.by, moment)
        transition = status_rules.staff_replies(lifecycle.state_of(thread.started), close=step.close)
        self._write_outbound(thread, step.body, transition, at, by=step.by, landline=step.landline)

    def _write_outbound(
        self,
        thread: ThreadState,
        body: str,
        transition: Transition,
        at: datetime,
        *,
        by: str | None,
        landline: bool = False,
    ) -> None:
        """Writes a text with its whole delivery. `by`: a staff member, or None for the parent portal."""
        actor = self._business.actor(by) if by is not None else self._business.portal_actor
        message = self._message(thread, body, Direction.OUTBOUND, seq=transition.state.last_seq, at=at)
        message.provider_message_id = f"SM{random_secrets.token_hex(16)}"
        message.opt_in_check = self._check(thread, at)
        if by is not None:
            message.sent_by_staff_member_id = actor.id
        else:
            message.sent_by_api_key_id = actor.id
        sent = lifecycle.sent_entry(InboxRow(thread.started, thread.number), message, actor)
        self._change(thread, transition, actor, at, sent)
        lifecycle.show_as_last(thread.started, message)
        self._add_entry(message, MessageStatus.QUEUED.value, at, source="staff")
        self._add_entry(message, MessageStatus.SENDING.value, at + _WORKER_TAKES_IT, source="worker")
        self._apply_report(thread, message, MessageStatus.SENT, at + _PROVIDER_TAKES_IT, source="worker")
        self._apply_report(thread, message, MessageStatus.SENT, at + _CALLBACK_SENT)
        if landline:
            self._apply_report(thread, message, MessageStatus.UNDELIVERED, at + _CALLBACK_FINAL, code=LANDLINE)
        else:
            self._apply_report(thread, message, MessageStatus.DELIVERED, at + _CALLBACK_FINAL)

    def _check(self, thread: ThreadState, at: datetime) -> dict[str, Any]:
        """The opt-in check at that time. Raises ValueError if it does not allow the text."""
        number, line = thread.number, thread.line
        check = check_opt_in(
            phone_number=number.number,
            stopped_at=number.stopped_at,
            instances=[held.instance(at) for held in self._business.held[number.number]],
            has_texted_line=(number.number, line.phone_number) in self._initiated,
            line=LineFit(enabled=line.enabled),
        )
        if not check.allowed:
            raise ValueError(f"The demo texts {number.number} although it is {check.reason}.")
        return check.as_json()

    def _message(self, thread: ThreadState, body: str, direction: Direction, *, seq: int, at: datetime) -> Message:
        counted = segments(body)
        arrives = direction is Direction.INBOUND
        return self._business.add(
            Message,
            conversation_id=thread.started.id,
            line_id=thread.line.id,
            seq=seq,
            direction=direction.value,
            body=body,
            media=[],
            status=(MessageStatus.RECEIVED if arrives else MessageStatus.QUEUED).value,
            segments=counted.count,
            encoding=counted.encoding.value,
            created_at=at,
        )

    def _apply_report(
        self,
        thread: ThreadState,
        message: Message,
        status: MessageStatus,
        at: datetime,
        *,
        source: str = "provider",
        code: str | None = None,
    ) -> None:
        report = StatusReport(
            provider_message_id=message.provider_message_id or "",
            status=status,
            provider_status=status.value,
            error_code=code,
            error_title=ERRORS.title(code) if code else None,
            opted_out=False,
            provider_time=None,
        )
        lifecycle.apply_report(thread.started, message, report, at=at)
        self._add_entry(message, status.value, at, source=source, code=report.error_code, detail=report.error_title)

    def _add_entry(
        self,
        message: Message,
        status: str,
        at: datetime,
        *,
        source: str,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        self._business.add(
            TimelineEntry, message_id=message.id, at=at, status=status, source=source, code=code, detail=detail
        )

    def _write_opt_out(self, thread: ThreadState, family: str, at: datetime) -> None:
        number, portal = thread.number.number, self._business.portal_actor
        (held,) = [each for each in self._business.held[number] if each.owner.name == family]
        before = OptInState(held.record.opt_in_state)
        held.record.opt_in_state = OptInState.OPTED_OUT.value
        held.record.opt_in_source = OptInSource.PORTAL.value
        held.record.opt_in_changed_at = at
        held.record.opt_in_changed_by = portal.as_json()
        self._business.record(at, opt_in_entry(held.record, number, portal, before=before))
