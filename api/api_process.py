"""An API process of `messenger serve`, and what a supervisor hands over when it replaces its own program."""

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from api.child_process import READY, START_SECONDS, START_VARIABLE, Child, messenger_program
from api.settings import Settings

HANDOVER_VARIABLE = "MESSENGER_HANDOVER"
"""What a supervisor gives to the program that replaces it. It is no setting."""

LISTEN_VARIABLE = "MESSENGER_LISTEN_FDS"
"""The descriptors of the listening sockets, separated by commas. It is no setting."""

HANG_MARGIN_SECONDS = 1.0
"""A process that hangs ends itself with a traceback. If it cannot, it is killed so much later."""

END_SECONDS = 5.0
"""What a process may take to end after its drain."""


def sockets_of(descriptors: Sequence[int]) -> list[socket.socket]:
    """Inherited listening sockets. The children of this process do not inherit them by themselves."""
    sockets = [socket.socket(fileno=each) for each in descriptors]
    for each in sockets:
        each.set_inheritable(False)
    return sockets


def sockets_of_supervisor() -> list[socket.socket]:
    """In an API process: the listening sockets. Empty: it has no supervisor."""
    given = os.environ.pop(LISTEN_VARIABLE, None)
    return [] if given is None else sockets_of([int(each) for each in given.split(",")])


class ApiProcess:
    """One API process, and what it has reported of its start."""

    def __init__(self, settings: Settings) -> None:
        hang_seconds = settings.hang_seconds + HANG_MARGIN_SECONDS if settings.hang_seconds else None
        # Without its supervisor nothing would start or stop it, and it would keep the port.
        self.child = Child(
            "api", [messenger_program(), "serve", "--single"], hang_seconds=hang_seconds, death_signal=signal.SIGKILL
        )
        self._report: int | None = None
        self._reported = b""
        self.has_started = False
        self.until = 0.0
        """When it must have started, or have drained."""

    @classmethod
    def adopted(cls, settings: Settings, pid: int, beats: int | None) -> "ApiProcess":
        """A process that serves, and that this one started before it replaced its own program."""
        process = cls(settings)
        process.child.adopt(pid, beats)
        process.has_started = True
        return process

    def start(self, sockets: Sequence[socket.socket]) -> None:
        self._report, write = os.pipe()
        os.set_blocking(self._report, False)
        descriptors = [each.fileno() for each in sockets]
        self.until = time.monotonic() + START_SECONDS
        variables = {LISTEN_VARIABLE: ",".join(map(str, descriptors)), START_VARIABLE: str(write)}
        try:
            self.child.start(environment=variables, descriptors=[*descriptors, write])
        finally:
            os.close(write)

    def refusal(self) -> str | None:
        """Why it has not started. None: it serves, which sets `has_started`, or it is still starting."""
        if self.has_started:
            return None
        if self._report is not None:
            self._read_report(self._report)
        if self._reported == READY:
            self.has_started = True
            return None
        code = self.child.exit_code
        if code is not None:
            return self._reported.decode(errors="replace") or f"it ended with exit code {code}"
        return f"it did not start within {START_SECONDS:.0f} seconds" if time.monotonic() > self.until else None

    def _read_report(self, pipe: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(pipe, 4096):
                self._reported += piece
            os.close(pipe)
            self._report = None

    def drain(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds + END_SECONDS
        self.child.terminate()

    def end(self) -> None:
        """Kills it if it still runs, and frees what the supervisor holds of it."""
        if self.child.exit_code is None:
            self.child.kill()
        self.child.forget()
        if self._report is not None:
            os.close(self._report)
            self._report = None


@dataclass
class Handover:
    """The processes and sockets that a supervisor keeps while it replaces its own program."""

    sockets: list[int]
    serving: list[tuple[int, int | None]]
    """The process id, and the pipe of the beats."""
    draining: list[tuple[int, float]]
    """The process id, and when it must have ended."""
    figures: str
    reload_again: bool

    @classmethod
    def from_environment(cls) -> "Handover | None":
        given = os.environ.pop(HANDOVER_VARIABLE, None)
        return None if given is None else cls(**json.loads(given))

    def variables(self) -> dict[str, str]:
        """By which the new program finds it."""
        for descriptor in self.sockets:
            os.set_inheritable(descriptor, True)
        return {HANDOVER_VARIABLE: json.dumps(vars(self))}
