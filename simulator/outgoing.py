"""Webhooks on their way out: when each is posted, in which order, how often, and what became of it."""

import asyncio
import contextlib
import logging
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from simulator.settings import Patience, RetryOn, Settings

_log = logging.getLogger(__name__)


class JobKind(StrEnum):
    INBOUND = "inbound"
    STATUS = "status"


@dataclass(slots=True, kw_only=True)
class Job:
    """One webhook to be posted until it is answered or given up."""

    kind: JobKind
    message_sid: str
    status: str
    lane: str
    """First attempts of one lane go one after another, in the order in which they were handed over."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """Stays the same over all attempts."""

    order: int = 0
    """Counts the jobs handed over."""

    attempts: int = 0
    out_of_line: bool = False
    """It has lost its place in the lane: repeated, delayed or withheld."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt came to: an HTTP status, or none and what went wrong."""

    http_status: int | None = None
    failure: RetryOn | None = None
    detail: str = ""
    addresses: int = 1
    """How many addresses may be tried in turn."""

    @property
    def answered(self) -> bool:
        return self.http_status is not None and 200 <= self.http_status < 300

    @property
    def reason(self) -> RetryOn | None:
        if self.http_status is None or self.answered:
            return self.failure
        return RetryOn.SERVER_ERROR if self.http_status >= 500 else RetryOn.CLIENT_ERROR


@dataclass(slots=True)
class _Lane:
    waiting: deque[Job] = field(default_factory=deque)
    busy: bool = False
    held: list[tuple[Job, asyncio.TimerHandle]] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    posted: int = 0
    answered: int = 0
    abandoned: int = 0


class Dispatcher:
    """Posts jobs with a bounded number of workers. Runs in one event loop; nothing here blocks it."""

    def __init__(
        self,
        post: Callable[[Job], Awaitable[Outcome]],
        *,
        settings: Callable[[], Settings],
        patience: Callable[[Job], Patience],
        on_settled: Callable[[Job], None],
        on_abandoned: Callable[[Job, Outcome], None],
    ) -> None:
        self._post = post
        self._settings = settings
        self._patience = patience
        self._on_settled = on_settled
        self._on_abandoned = on_abandoned
        self._ready: asyncio.Queue[Job] = asyncio.Queue()
        self._lanes: dict[str, _Lane] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._workers: list[asyncio.Task[None]] = []
        self._handed_over = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.pending: dict[str, Job] = {}
        self.tally = Tally()

    def start(self) -> None:
        self._workers = [
            asyncio.create_task(self._work(), name=f"simulator-webhook-{n}")
            for n in range(self._settings().webhook_connections)
        ]

    async def stop(self, *, wait: float) -> None:
        """Give what is under way `wait` seconds, then stop. `pending` says what was not answered."""
        await self.wait_until_idle(wait)
        await self._halt()

    async def _halt(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def wait_until_idle(self, seconds: float) -> bool:
        """Whether every webhook was answered or given up within `seconds`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        return not self.pending

    async def clear(self) -> None:
        """Forget every webhook, and hang up on those that are being posted."""
        await self._halt()
        self._timers.clear()
        self._ready = asyncio.Queue()
        self._lanes.clear()
        self.pending.clear()
        self.tally = Tally()
        self._idle.set()
        self.start()

    def submit(self, job: Job, *, delay: float = 0.0, hold: float | None = None) -> None:
        """Post `job`: after `delay` seconds; with `hold`, once a later one of its lane has been tried, or
        that many seconds have gone by."""
        self.pending[job.id] = job
        self._idle.clear()
        self._handed_over += 1
        job.order = self._handed_over
        if hold is not None:
            timer = asyncio.get_running_loop().call_later(hold + delay, self._release, job)
            self._lanes.setdefault(job.lane, _Lane()).held.append((job, timer))
            self._timers[job.id] = timer
        elif delay > 0 or job.out_of_line:
            self._later(job, delay)
        else:
            lane = self._lanes.setdefault(job.lane, _Lane())
            if lane.busy:
                lane.waiting.append(job)
            else:
                lane.busy = True
                self._ready.put_nowait(job)

    def _later(self, job: Job, seconds: float) -> None:
        """A deferred job has lost its place in the lane: it goes when its time comes."""
        job.out_of_line = True
        self._timers[job.id] = asyncio.get_running_loop().call_later(seconds, self._due, job)

    def _due(self, job: Job) -> None:
        self._timers.pop(job.id, None)
        self._ready.put_nowait(job)

    async def _work(self) -> None:
        while True:
            job = await self._ready.get()
            job.attempts += 1
            self.tally.posted += 1
            try:
                outcome = await self._post(job)
            except Exception as error:
                _log.exception("a webhook could not be posted")
                outcome = Outcome(detail=f"{type(error).__name__} in the simulator")
            self._settle(job, outcome)

    def _settle(self, job: Job, outcome: Outcome) -> None:
        in_lane = not job.out_of_line
        if outcome.answered:
            self.tally.answered += 1
            self._done(job)
        elif self._worth_another(job, outcome):
            self._later(job, self._backoff(job))
        else:
            self.tally.abandoned += 1
            self._on_abandoned(job, outcome)
            self._done(job)
        if in_lane:
            self._next_after(job)

    def _done(self, job: Job) -> None:
        del self.pending[job.id]
        self._on_settled(job)
        if not self.pending:
            self._idle.set()

    def _next_after(self, tried: Job) -> None:
        lane = self._lanes.get(tried.lane)
        if lane is None:
            return
        if lane.waiting:
            self._ready.put_nowait(lane.waiting.popleft())
        else:
            lane.busy = False
        for job, _ in list(lane.held):
            if job.order < tried.order:
                self._release(job)
        self._forget_if_empty(tried.lane)

    def _forget_if_empty(self, name: str) -> None:
        lane = self._lanes.get(name)
        if lane is not None and not lane.busy and not lane.held:
            del self._lanes[name]

    def _release(self, job: Job) -> None:
        """Release a withheld job."""
        lane = self._lanes[job.lane]
        for held, timer in lane.held:
            if held is job:
                timer.cancel()
        lane.held = [(held, timer) for held, timer in lane.held if held is not job]
        self._forget_if_empty(job.lane)
        job.out_of_line = True
        self._due(job)

    def _worth_another(self, job: Job, outcome: Outcome) -> bool:
        if outcome.reason is None:
            return False  # It was never posted and never will be: nobody to tell, or nowhere to send.
        patience = self._patience(job)
        if patience.retries is None:
            return True
        return job.attempts < (patience.retries + 1) * outcome.addresses and outcome.reason in patience.retry_on

    def _backoff(self, job: Job) -> float:
        settings = self._settings()
        return float(min(settings.retry_backoff * 2 ** min(job.attempts - 1, 16), settings.retry_backoff_max))
