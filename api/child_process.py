"""A child process of `messenger up` or `messenger serve`: started, watched, killed when it hangs, stopped."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Protocol

from api.liveness import BEAT_VARIABLE
from api.systemd import LISTEN_VARIABLES, NOTIFY_VARIABLE, WATCHDOG_VARIABLES

START_SECONDS = 60.0
"""The limit for the first beat of a new process, and for its start."""

START_VARIABLE = "MESSENGER_START_FD"
"""The descriptor of the pipe on which a child of `messenger serve` reports its start. It is no setting."""

READY = b"ready"
MAX_REASON_BYTES = 4096

_PR_SET_PDEATHSIG = 1


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Called in a child. On Linux the kernel sends it the signal when its parent ends, so that no port stays taken."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)


def report_start(outcome: bytes) -> bool:
    """Called in a child: `READY`, or the reason why it does not start. False: no parent waits for it."""
    given = os.environ.pop(START_VARIABLE, None)
    if given is None:
        return False
    with open(int(given), "wb") as pipe, contextlib.suppress(BrokenPipeError):  # noqa: PTH123  # A descriptor.
        pipe.write(outcome[:MAX_REASON_BYTES])
    return True


def messenger_program() -> str:
    """The path of the command `messenger`, by which this process was started if that is known.

    A link in it is kept, so that a link to another release leads to that.
    """
    invoked = Path(sys.argv[0])
    if invoked.name == "messenger" and len(invoked.parts) > 1 and os.access(invoked, os.X_OK):
        return str(invoked.absolute())
    return str(Path(sys.executable).parent / "messenger")


def child_environment() -> dict[str, str]:
    """The environment without what systemd has told this process alone."""
    own = {NOTIFY_VARIABLE, *WATCHDOG_VARIABLES, *LISTEN_VARIABLES}
    return {name: value for name, value in os.environ.items() if name not in own}


def replace_program(command: str, variables: Mapping[str, str]) -> NoReturn:
    """Goes on as `messenger COMMAND` with the code that is on disk now, in this process (`exec`)."""
    program = messenger_program()
    os.execve(program, [program, command], {**os.environ, **variables})  # noqa: S606  # Our own command.


class Process(Protocol):
    """The part of `subprocess.Popen` that is used here."""

    pid: int

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class AdoptedProcess:
    """A child that this process started before it replaced its own program (`exec`)."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self._code = 0  # Its exit code was taken just before the change of program.
            else:
                self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(0.01)
        return code


class Child:
    """A process in its own session, which a terminal's signals do not reach, so that its parent can stop it in order.

    A process with `hang_seconds` sends beats (`api/liveness.py`) and hangs if none comes for so long.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        hang_seconds: float | None = None,
        death_signal: int = signal.SIGTERM,
    ) -> None:
        """`death_signal`: what the kernel sends it when the parent ends."""
        self.name = name
        self._command = command
        self._hang_seconds = hang_seconds
        self._death_signal = death_signal
        self._process: Process | None = None
        self._beats: int | None = None
        """The reading end of the pipe."""
        self._alive_until = 0.0

    def start(self, *, environment: Mapping[str, str] | None = None, descriptors: Sequence[int] = ()) -> None:
        """Starts the process, for the first time or again, with further variables and inherited descriptors."""
        self.forget()
        given = {**child_environment(), **(environment or {})}
        inherited = list(descriptors)
        write: int | None = None
        if self._hang_seconds is not None:
            self._beats, write = os.pipe()
            os.set_blocking(self._beats, False)
            given[BEAT_VARIABLE] = str(write)
            inherited.append(write)
        try:
            self._process = subprocess.Popen(  # noqa: S603  # Our own commands.
                self._command,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=inherited,
                env=given,
                preexec_fn=lambda: die_with_parent(self._death_signal),  # noqa: PLW1509  # It takes no lock.
            )
        finally:
            if write is not None:
                os.close(write)
        self._alive_until = time.monotonic() + START_SECONDS

    def adopt(self, pid: int, beats: int | None) -> None:
        """Takes over a process that this one started before it replaced its own program."""
        self._process = AdoptedProcess(pid)
        self._beats = beats
        if beats is not None:
            os.set_inheritable(beats, False)
        self._alive_until = time.monotonic() + START_SECONDS

    def release(self) -> tuple[int, int | None]:
        """What `adopt` needs after a change of program: the process id, and the pipe of its beats."""
        if self._beats is not None:
            os.set_inheritable(self._beats, True)
        return self.pid, self._beats

    @property
    def pid(self) -> int:
        """0: it was never started."""
        return 0 if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None: it runs, or was never started."""
        return None if self._process is None else self._process.poll()

    @property
    def is_hung(self) -> bool:
        if self._beats is None or self._hang_seconds is None:
            return False
        has_beat = False
        with contextlib.suppress(BlockingIOError):
            while os.read(self._beats, 4096):
                has_beat = True
        now = time.monotonic()
        if has_beat:
            self._alive_until = now + self._hang_seconds
        return now > self._alive_until

    def extend_deadline(self) -> None:
        """Restarts the time that may pass without a beat."""
        if self._hang_seconds is not None:
            self._alive_until = max(self._alive_until, time.monotonic() + self._hang_seconds)

    def terminate(self) -> None:
        if self.exit_code is None and self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def wait(self, *, seconds: float) -> None:
        """Blocks until the process has ended. Kills it after `seconds`."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout=max(0.1, seconds))
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kills the process and the children in its session."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def forget(self) -> None:
        """Frees the pipe of the beats of a process that has ended."""
        if self._beats is not None:
            os.close(self._beats)
            self._beats = None
