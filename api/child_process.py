"""A child process of `messenger up`: started, watched, killed when it hangs, stopped."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from api.liveness import BEAT_VARIABLE

START_SECONDS = 60.0
"""The limit for the first beat of a new process."""

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Called in a child. On Linux the kernel sends it SIGTERM when its parent ends, so that no port stays taken."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A process in its own session, which a terminal's signals do not reach, so that `up` can stop it in order.

    A process with `hang_seconds` sends beats (`api/liveness.py`) and hangs if none comes for so long.
    """

    def __init__(self, name: str, command: Sequence[str], *, hang_seconds: float | None = None) -> None:
        self.name = name
        self._command = command
        self._hang_seconds = hang_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._beats: int | None = None
        """The reading end of the pipe."""
        self._alive_until = 0.0

    def start(self) -> None:
        """Starts the process, for the first time or again."""
        if self._beats is not None:
            os.close(self._beats)
            self._beats = None
        environment = dict(os.environ)
        inherited: list[int] = []
        if self._hang_seconds is not None:
            self._beats, write = os.pipe()
            os.set_blocking(self._beats, False)
            environment[BEAT_VARIABLE] = str(write)
            inherited.append(write)
        self._process = subprocess.Popen(  # noqa: S603  # Our own commands.
            self._command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=inherited,
            env=environment,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # It takes no lock that a thread of this process may hold.
        )
        for descriptor in inherited:
            os.close(descriptor)
        self._alive_until = time.monotonic() + START_SECONDS

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
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

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
