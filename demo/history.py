"""The demo's threads as rows, decided by the same rules as live ones: status, consent, segments, delivery."""

import secrets as random_secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.audit.rules import Actor, NewEntry
from api.consent import service as consent
from api.consent.keywords import Keyword, keyword
from api.consent.models import ConsumerInitiation
from api.consent.rules import check_opt_in
from api.conversations import lifecycle
from api.conversations import rules as status_rules
from api.conversations.message_rules import Direction, segments
from api.conversations.models import Conversation, InboxRow, Message, TimelineEntry
from api.conversations.rules import NEW, Transition
from api.directory.models import PhoneNumber
from api.directory.rules import OptInSource, OptInState
from api.kit.ids import new_id
from api.lines.models import Line
from api.media import service as media
from api.providers.port import MediaItem, MessageStatus, StatusReport
from api.providers.twilio_errors import error_title
from demo.business import Business, opt_in_entry
from demo.steps import Auto, Close, In, OptOut, Out, Seen, Step, Thread

LANDLINE = "30006"

_SECONDS_OF_JITTER = 50
_READS_BEFORE_ANSWERING = timedelta(seconds=45)
_WORKER_TAKES_IT = timedelta(milliseconds=140)
_PROVIDER_TAKES_IT = timedelta(milliseconds=420)
_CALLBACK_SENT = timedelta(milliseconds=910)
_CALLBACK_FINAL = timedelta(milliseconds=2_730)


@dataclass
class Telling:
    """A thread while it is being told."""

    number: PhoneNumber
    line: Line
    conversation: Conversation | None = None
    last_at: datetime | None = None

    @property
    def started(self) -> Conversation:
        assert self.conversation is not None
        return self.conversation


class Historian:
    """Tells threads into the rows and audit entries of a business."""

    def __init__(self, business: Business, *, picture: bytes) -> None:
        self._business = business
        self._picture = picture
        self._initiated: set[tuple[str, str]] = set()
        """(number, line) of everybody who has texted."""

    def tell(self, threads: Sequence[Thread]) -> None:
        """All threads at once, in the order in which things happened."""
        tellings: list[Telling] = []
        happenings: list[tuple[datetime, int, Step]] = []
        for index, thread in enumerate(threads):
            times = self._times(thread)
            number = self._business.number(thread.number, at=times[0])
            tellings.append(Telling(number, self._business.lines[thread.line]))
            happenings += [(at, index, step) for at, step in zip(times, thread.steps, strict=True)]
        for at, index, step in sorted(happenings, key=lambda happening: happening[:2]):
            telling = tellings[index]
            self._happen(telling, step, at)
            telling.last_at = at

    def _times(self, thread: Thread) -> list[datetime]:
        ago = thread.ended
        times: list[datetime] = []
        for step in reversed(thread.steps):
            jitter = timedelta(seconds=7 * len(repr(step)) % _SECONDS_OF_JITTER)
            times.append(self._business.hours.before(self._business.now, ago) + jitter)
            ago += step.after
        return times[::-1]

    def _happen(self, telling: Telling, step: Step, at: datetime) -> None:
        match step:
            case In():
                self._arrives(telling, step, at)
            case Out():
                self._answers(telling, step, at)
            case Auto():
                self._start(telling, at)
                goes_out = status_rules.text_goes_out(lifecycle.state_of(telling.started))
                self._sends(telling, step.body, goes_out, at, by=None)
            case Seen():
                self._views(telling, step.by, at)
            case Close():
                self._views(telling, step.by, self._shortly_before(telling, at))
                state = lifecycle.state_of(telling.started)
                transition = status_rules.staff_closes(state, seen_seq=state.last_seq)
                self._change(telling, transition, self._business.actor(step.by), at)
            case OptOut():
                self._opts_out(telling, step.family, at)

    def _shortly_before(self, telling: Telling, at: datetime) -> datetime:
        moment = at - _READS_BEFORE_ANSWERING
        return moment if telling.last_at is None else max(moment, telling.last_at + timedelta(seconds=2))

    def _start(self, telling: Telling, at: datetime) -> None:
        if telling.conversation is None:
            telling.conversation = Conversation(
                organization_id=self._business.id,
                id=new_id(),
                line_id=telling.line.id,
                phone_number_id=telling.number.id,
                status=NEW.status.value,
                last_seq=NEW.last_seq,
                seen_seq=NEW.seen_seq,
                unread_messages=NEW.unread_messages,
                last_message_at=at,
                created_at=at,
                updated_at=at,
            )
            self._business.rows.append(telling.conversation)

    def _change(self, telling: Telling, transition: Transition, actor: Actor, at: datetime, *entries: NewEntry) -> None:
        conversation = telling.started
        lifecycle.apply_state(conversation, transition.state, at=at)
        written = list(entries)
        if transition.change is not None:
            row = InboxRow(conversation, telling.number)
            written.append(lifecycle.conversation_entry(lifecycle.ACTIONS[transition.change], actor, row))
        self._business.record(at, *written)

    def _views(self, telling: Telling, by: str, at: datetime) -> None:
        state = lifecycle.state_of(telling.started)
        if state.unread_messages > 0:
            seen = status_rules.staff_views(state, confirmed_seq=state.last_seq, unread_above=0, next_due=None)
            self._change(telling, seen, self._business.actor(by), at)

    def _arrives(self, telling: Telling, step: In, at: datetime) -> None:
        self._start(telling, at)
        number, line = telling.number, telling.line
        if (number.number, line.phone_number) not in self._initiated:
            self._initiated.add((number.number, line.phone_number))
            self._business.rows.append(
                ConsumerInitiation(
                    organization_id=self._business.id, id=new_id(), phone_number_id=number.id, line_id=line.id, at=at
                )
            )
        transition = status_rules.message_arrives(
            lifecycle.state_of(telling.started), viewing=False, at=at, confirm_within=timedelta()
        )
        message = self._message(telling, step.body, Direction.INBOUND, seq=transition.state.last_seq, at=at)
        if step.picture:
            self._shows(message, at)
        message.provider_message_id = ("MM" if step.picture else "SM") + random_secrets.token_hex(16)
        self._event(message, MessageStatus.RECEIVED.value, at, source="provider")
        actor = lifecycle.number_actor(number)
        lifecycle.apply_state(telling.started, transition.state, at=at)
        lifecycle.show_as_last(telling.started, message)
        entries: list[NewEntry] = []
        if transition.change is not None:
            entries.append(
                lifecycle.conversation_entry(
                    lifecycle.ACTIONS[transition.change],
                    actor,
                    InboxRow(telling.started, number),
                    message_id=message.id,
                )
            )
        if keyword(step.body) is Keyword.STOP:
            stopped = consent.stop(number, actor=actor, source=OptInSource.KEYWORD, at=at, wording=step.body)
            entries += [stopped] if stopped else []
        self._business.record(at, *entries)

    def _shows(self, message: Message, at: datetime) -> None:
        """The picture, long since fetched."""
        item = MediaItem(url=f"https://api.twilio.com/demo/{message.id}", content_type="image/png")
        row, message.media = media.kept_file(message.organization_id, message.id, item, self._picture, at=at)
        self._business.rows.append(row)

    def _answers(self, telling: Telling, step: Out, at: datetime) -> None:
        moment = self._shortly_before(telling, at)
        if telling.conversation is None:
            self._start(telling, moment)
            opened = status_rules.staff_reopens(lifecycle.state_of(telling.started))
            self._change(telling, opened, self._business.actor(step.by), moment)
        self._views(telling, step.by, moment)
        transition = status_rules.staff_replies(lifecycle.state_of(telling.started), close=step.close)
        self._sends(telling, step.body, transition, at, by=step.by, landline=step.landline)

    def _sends(
        self,
        telling: Telling,
        body: str,
        transition: Transition,
        at: datetime,
        *,
        by: str | None,
        landline: bool = False,
    ) -> None:
        """From acceptance to the carrier's last word. `by`: a staff member, or None for the parent portal."""
        actor = self._business.actor(by) if by is not None else self._business.portal_actor
        message = self._message(telling, body, Direction.OUTBOUND, seq=transition.state.last_seq, at=at)
        message.provider_message_id = f"SM{random_secrets.token_hex(16)}"
        message.opt_in_check = self._check(telling, at)
        if by is not None:
            message.sent_by_staff_member_id = actor.id
        else:
            message.sent_by_api_key_id = actor.id
        sent = lifecycle.sent_entry(InboxRow(telling.started, telling.number), message, actor)
        self._change(telling, transition, actor, at, sent)
        lifecycle.show_as_last(telling.started, message)
        self._event(message, MessageStatus.QUEUED.value, at, source="staff")
        self._event(message, MessageStatus.SENDING.value, at + _WORKER_TAKES_IT, source="worker")
        self._reported(telling, message, MessageStatus.SENT, at + _PROVIDER_TAKES_IT, source="worker")
        self._reported(telling, message, MessageStatus.SENT, at + _CALLBACK_SENT)
        if landline:
            self._reported(telling, message, MessageStatus.UNDELIVERED, at + _CALLBACK_FINAL, code=LANDLINE)
        else:
            self._reported(telling, message, MessageStatus.DELIVERED, at + _CALLBACK_FINAL)

    def _check(self, telling: Telling, at: datetime) -> dict[str, Any]:
        """The decision to send it, as it was then. A demo that texts somebody whom it may not is wrong."""
        number, line = telling.number, telling.line
        check = check_opt_in(
            phone_number=number.number,
            stopped_at=number.stopped_at,
            instances=[held.instance(at) for held in self._business.held[number.number]],
            has_texted_line=(number.number, line.phone_number) in self._initiated,
            line_enabled=line.enabled,
        )
        if not check.allowed:
            raise ValueError(f"The demo texts {number.number} although it is {check.reason}.")
        return check.as_json()

    def _message(self, telling: Telling, body: str, direction: Direction, *, seq: int, at: datetime) -> Message:
        counted = segments(body)
        arrives = direction is Direction.INBOUND
        message = Message(
            organization_id=self._business.id,
            id=new_id(),
            conversation_id=telling.started.id,
            line_id=telling.line.id,
            seq=seq,
            direction=direction.value,
            body=body,
            media=[],
            status=(MessageStatus.RECEIVED if arrives else MessageStatus.QUEUED).value,
            segments=counted.count,
            encoding=counted.encoding.value,
            created_at=at,
        )
        self._business.rows.append(message)
        return message

    def _reported(
        self,
        telling: Telling,
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
            error_title=error_title(code) if code else None,
            opted_out=False,
            provider_time=None,
        )
        lifecycle.apply_report(telling.started, message, report, at=at)
        self._event(message, status.value, at, source=source, code=report.error_code, detail=report.error_title)

    def _event(
        self,
        message: Message,
        status: str,
        at: datetime,
        *,
        source: str,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        self._business.rows.append(
            TimelineEntry(
                organization_id=self._business.id,
                id=new_id(),
                message_id=message.id,
                at=at,
                status=status,
                source=source,
                code=code,
                detail=detail,
            )
        )

    def _opts_out(self, telling: Telling, family: str, at: datetime) -> None:
        number, portal = telling.number.number, self._business.portal_actor
        (held,) = [each for each in self._business.held[number] if each.owner.name == family]
        before = OptInState(held.record.opt_in_state)
        held.record.opt_in_state = OptInState.OPTED_OUT.value
        held.record.opt_in_source = OptInSource.PORTAL.value
        held.record.opt_in_changed_at = at
        held.record.opt_in_changed_by = portal.as_json()
        self._business.record(at, opt_in_entry(held.record, number, portal, before=before))
