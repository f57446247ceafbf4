"""`messenger serve`: API processes behind one listening socket, started again when they die and replaced on SIGHUP.

A reload starts each new process as a program of its own (`exec`), so it has the code and the settings that are on disk
now. When the new process serves, an old one drains. After the last one the supervisor replaces its own program as well;
its process id and its listening sockets stay. A new process that does not start ends the reload, and the old ones stay.
"""

import contextlib
import os
import select
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import structlog

from api import systemd
from api.api_process import ApiProcess, Handover
from api.child_process import START_SECONDS
from api.liveness import Beats
from api.metrics import forget_dead_processes
from api.settings import Settings
from api.startup import StartError
from api.version import VERSION

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

WATCH_SECONDS = 0.5
STARTING_SECONDS = 0.05
"""Between two looks at the processes, the second while one of them starts."""

RESTART_SECONDS = 1.0
"""Between two tries to replace a process that does not start."""

PAUSED_SECONDS = 3.0
"""If the supervisor did not look for so long, it was stopped itself, or the machine was suspended."""

log = structlog.get_logger(__name__)


@dataclass
class Reload:
    """The old processes that are still to be replaced, and the new one that is starting."""

    old: list[ApiProcess]
    new: ApiProcess


class Supervisor:
    def __init__(self, settings: Settings, sockets: list[socket.socket], *, beats: Beats, figures: Path) -> None:
        self._settings = settings
        self._sockets = sockets
        self._beats = beats
        self._figures = figures
        self._serving: list[ApiProcess] = []
        self._draining: list[ApiProcess] = []
        self._reload: Reload | None = None
        self._is_reload_asked = False
        self._stop_signals = 0
        self._restart_at = self._looked_at = self._served_at = time.monotonic()
        self._wake = -1
        """The reading end of a pipe that each signal writes to."""

    def adopt(self, handover: Handover) -> None:
        """Takes over the processes of the program before."""
        self._serving = [ApiProcess.adopted(self._settings, pid, beats) for pid, beats in handover.serving]
        for pid, until in handover.draining:
            process = ApiProcess.adopted(self._settings, pid, None)
            process.until = until
            self._draining.append(process)
        self._is_reload_asked = handover.reload_again

    def run(self) -> Handover | None:
        """Returns None after a signal has stopped everything, or a handover after a reload.

        Raises StartError if a first process does not start, SystemExit after a second signal.
        """
        self._handle_signals()
        try:
            event = "serve.reloaded" if self._serving else "serve.started"
            if self._serving:
                self._fit_to_settings()
            else:
                self._start_first()
            if not self._stop_signals:
                systemd.notify_ready(self._status())
                log.info(event, processes=[each.child.pid for each in self._serving], version=VERSION)
            while not self._stop_signals:
                if self._turn():
                    return self._hand_over()
            self._stop()
        except BaseException:
            self._kill_all()
            raise
        return None

    def _handle_signals(self) -> None:
        self._wake, wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # A supervisor blocks them before a handover.

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._is_reload_asked = True
        else:
            self._stop_signals += 1

    def _status(self) -> str:
        count = sum(each.has_started for each in self._serving)
        return f"Release {VERSION} serves with {count} API process{'' if count == 1 else 'es'}."

    def _start(self) -> ApiProcess:
        process = ApiProcess(self._settings)
        process.start(self._sockets)
        return process

    def _start_first(self) -> None:
        self._serving = [self._start() for _ in range(self._settings.workers)]
        while not all(each.has_started for each in self._serving) and not self._stop_signals:
            for each in self._serving:
                if (reason := each.refusal()) is not None:
                    raise StartError(reason)
            self._wait(STARTING_SECONDS)
            self._beats.beat()

    def _fit_to_settings(self) -> None:
        """After a reload: as many processes as the settings say now."""
        while len(self._serving) > self._settings.workers:
            self._drain(self._serving.pop())
        until = time.monotonic() + START_SECONDS
        self._replace_dead()
        while not all(each.has_started for each in self._serving) and not self._stop_signals:
            self._wait(STARTING_SECONDS)
            self._replace_dead()
            self._beat()
            if time.monotonic() > until:
                break  # They are tried again later.

    def _wait(self, seconds: float) -> None:
        """Until a signal comes or a process ends, at most so long."""
        select.select([self._wake], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 4096)

    def _turn(self) -> bool:
        """Looks after every process once. True: a reload has replaced the last one."""
        is_starting = self._reload is not None or not all(each.has_started for each in self._serving)
        self._wait(STARTING_SECONDS if is_starting else WATCH_SECONDS)
        self._replace_dead()
        self._reap()
        self._beat()
        alive = {each.child.pid for each in (*self._serving, *self._draining)}
        forget_dead_processes(self._figures, alive=alive | ({self._reload.new.child.pid} if self._reload else set()))
        if self._is_reload_asked and self._reload is None:
            self._is_reload_asked = False
            systemd.notify_reloading("Starting a new API process.")
            log.info("serve.reloading")
            self._reload = Reload(old=list(self._serving), new=self._start())
        return self._reload is not None and self._advance(self._reload)

    def _replace_dead(self) -> None:
        """Kills processes that hang, and starts others for those that have ended."""
        was_paused = time.monotonic() - self._looked_at > PAUSED_SECONDS
        self._looked_at = time.monotonic()
        for process in list(self._serving):
            if was_paused:
                process.child.extend_deadline()  # It may have been stopped too.
            if process.child.exit_code is None and process.child.is_hung:
                log.error("serve.process_hangs", pid=process.child.pid)
                process.child.kill()
            refusal = process.refusal()
            if refusal is not None:
                log.error("serve.process_did_not_start", reason=refusal)
                self._restart_at = self._looked_at + RESTART_SECONDS
            elif process.child.exit_code is not None:
                log.error("serve.process_died", pid=process.child.pid, exit_code=process.child.exit_code)
            else:
                continue
            process.end()
            self._serving.remove(process)
        while len(self._serving) < self._settings.workers and self._looked_at >= self._restart_at:
            self._serving.append(self._start())

    def _beat(self) -> None:
        """Says that the service is alive: some process serves, or it has for a while been starting."""
        now = time.monotonic()
        if any(each.has_started for each in self._serving):
            self._served_at = now
        if now - self._served_at < START_SECONDS:
            self._beats.beat()

    def _advance(self, reload: Reload) -> bool:
        """Drains an old process when the new one serves, and starts the next. True: there is no old one left."""
        refusal = reload.new.refusal()
        if refusal is not None:
            log.error("serve.reload_refused", reason=refusal, consequence="the old processes go on")
            reload.new.end()
            self._reload = None
            systemd.notify_ready(f"Reload refused: {refusal} {self._status()}")
            return False
        if not reload.new.has_started:
            return False
        self._serving.append(reload.new)
        old = [each for each in reload.old if each in self._serving]
        if old:
            self._serving.remove(old[0])
            self._drain(old[0])
        if len(old) <= 1:
            self._reload = None
            return True
        self._reload = Reload(old=old[1:], new=self._start())
        return False

    def _drain(self, process: ApiProcess) -> None:
        process.drain(self._settings.drain_seconds)
        self._draining.append(process)

    def _reap(self) -> None:
        for process in list(self._draining):
            if process.child.exit_code is None and time.monotonic() < process.until:
                continue
            if process.child.exit_code is None:
                log.error("serve.drain_took_too_long", pid=process.child.pid)
            process.end()
            self._draining.remove(process)

    def _hand_over(self) -> Handover:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        return Handover(
            sockets=[each.detach() for each in self._sockets],
            serving=[each.child.release() for each in self._serving],
            draining=[(each.child.pid, each.until) for each in self._draining],
            figures=str(self._figures),
            reload_again=self._is_reload_asked,
        )

    def _stop(self) -> None:
        """Drains every process. Raises SystemExit if another signal comes meanwhile."""
        systemd.notify_stopping("Answering what has begun.")
        if self._reload is not None:
            self._reload.new.end()
            self._reload = None
        for each in self._sockets:
            each.close()
        for process in self._serving:
            self._drain(process)
        self._serving.clear()
        while self._draining:
            self._wait(STARTING_SECONDS)
            self._beats.beat()
            self._reap()
            if self._stop_signals > 1:
                raise SystemExit(1)

    def _kill_all(self) -> None:
        for process in (*self._serving, *self._draining, *([self._reload.new] if self._reload else [])):
            process.end()
