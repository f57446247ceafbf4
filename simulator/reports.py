"""Webhooks to businesses: which are posted, where to, and what the answers ask for."""

import dataclasses
from collections import deque
from collections.abc import Mapping
from typing import Protocol

import httpx

from simulator.client import WebhookClient
from simulator.faults import BEFORE_POSTING, Facts, Faults, Kind, Where
from simulator.model import Direction, Line, Message, Submission
from simulator.outgoing import Dispatcher, Job, JobKind, Outcome
from simulator.settings import Patience, Settings
from simulator.state import State
from simulator.wire import Occasion, Wire

_AT_ATTEMPT = frozenset({Kind.HANG, Kind.ACCEPT_THEN_DISCONNECT})


@dataclasses.dataclass(frozen=True, slots=True)
class Alert:
    """What a provider would show in its log of errors."""

    at: float
    message_sid: str
    kind: str
    detail: str


class Source(Protocol):
    """What reports need of the carrier."""

    settings: Settings
    faults: Faults
    state: State
    wires: Mapping[str, Wire]

    def accept(self, line: Line, text: Submission) -> Message: ...


class Reports:
    def __init__(self, carrier: Source) -> None:
        self._carrier = carrier
        self.alerts: deque[Alert] = deque(maxlen=500)
        self.dispatcher = Dispatcher(
            self._post,
            settings=lambda: carrier.settings,
            patience=self._patience,
            on_settled=lambda job: carrier.state.notebook.remove("job", job.id),
            on_abandoned=self._abandoned,
        )

    def start(self) -> None:
        self._client = WebhookClient()
        self.dispatcher.start()

    async def stop(self, *, wait: float) -> None:
        """Give what is under way `wait` seconds."""
        await self.dispatcher.stop(wait=wait)
        await self._client.close()

    async def clear(self) -> None:
        await self.dispatcher.clear()
        self.alerts.clear()

    def inbound(self, message: Message, *, times: int = 1) -> None:
        for _ in range(times):
            self._submit(message, kind=JobKind.INBOUND, lane=f"inbound {message.handset} {message.line}")

    def status(self, message: Message) -> None:
        if (
            message.status_callback is not None
            and message.status in self._carrier.settings.callback_statuses
            and self._carrier.wires[message.wire].reports(message)
        ):
            self._submit(message, kind=JobKind.STATUS, lane=f"status {message.sid}")

    def _submit(self, message: Message, *, kind: JobKind, lane: str) -> None:
        effects = self._carrier.faults.decide(Where(kind.value), facts_of(message, message.status), BEFORE_POSTING)
        if effects.rule is not None:
            return  # Dropped: the business never hears of it.
        for _ in range(effects.copies):
            job = Job(kind=kind, message_sid=message.sid, status=message.status.value, lane=lane)
            self._carrier.state.notebook.put("job", job.id, job)
            self.dispatcher.submit(job, delay=effects.delay, hold=effects.hold)

    async def _post(self, job: Job) -> Outcome:
        message = self._carrier.state.messages.get(job.message_sid)
        line = self._carrier.state.lines.get(message.line) if message is not None else None
        account = self._carrier.state.accounts.get(line.account_sid) if line is not None else None
        if message is None or line is None or account is None:
            return Outcome(detail="its message, line or account is gone")
        addresses = self._addresses(message, line, job.kind)
        if not addresses:
            return Outcome(detail=f"{line.phone_number} has no address for this webhook")
        occasion = Occasion(
            account=account,
            country=line.country,
            addresses=addresses,
            token=job.id,
            attempt=job.attempts,
            at=self._carrier.state.clock(),
        )
        wire = self._carrier.wires[message.wire]
        if job.kind is JobKind.INBOUND:
            webhook = wire.inbound_webhook(message, occasion)
        else:
            webhook = wire.status_webhook(message, job.status, occasion)
        effects = self._carrier.faults.decide(Where(job.kind.value), facts_of(message, job.status), _AT_ATTEMPT)
        outcome, response = await self._client.post(
            webhook,
            settings=self._carrier.settings,
            patience=self._carrier.settings.patience(wire.patience),
            allowed=self._carrier.state.origins(line),
            fault=effects.rule,
        )
        outcome = dataclasses.replace(outcome, addresses=webhook.addresses)
        if response is not None and outcome.answered and job.kind is JobKind.INBOUND:
            self._do_as_answered(message, line, response)
        return outcome

    def _addresses(self, message: Message, line: Line, kind: JobKind) -> tuple[str, ...]:
        if kind is JobKind.INBOUND:
            return self._carrier.state.inbound_addresses(line)
        return tuple(filter(None, (message.status_callback, message.fallback_callback)))

    def _patience(self, job: Job) -> Patience:
        message = self._carrier.state.messages[job.message_sid]
        return self._carrier.settings.patience(self._carrier.wires[message.wire].patience)

    def _do_as_answered(self, message: Message, line: Line, response: httpx.Response) -> None:
        answer = self._carrier.wires[message.wire].read_answer(response)
        if answer.complaint is not None:
            self.alert(message.sid, JobKind.INBOUND, answer.complaint)
        for text in answer.texts:
            if self._carrier.state.is_stopped(line, message.handset):
                self.alert(message.sid, JobKind.INBOUND, "its answer was not texted: unsubscribed")
            else:
                self._carrier.accept(
                    line, Submission(to=message.handset, body=text, direction=Direction.OUTBOUND_REPLY)
                )

    def _abandoned(self, job: Job, outcome: Outcome) -> None:
        self.alert(job.message_sid, job.kind, outcome.detail)

    def alert(self, message_sid: str, kind: str, detail: str) -> None:
        self.alerts.append(Alert(at=self._carrier.state.clock(), message_sid=message_sid, kind=kind, detail=detail))


def facts_of(message: Message, status: str) -> Facts:
    return Facts(sender=message.sender, recipient=message.recipient, body=message.body, status=status)
