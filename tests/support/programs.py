"""`messenger …` and the simulator as processes, forked from a warm parent.

To import the application takes 1.4 s of processor time. The fork server of `multiprocessing` imports it once per test
process; each program is a fork of it, with its own environment. A fork is a real process: a test may kill it.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.support.programs", "api.cli", "api.serve", "simulator.__main__"])


class Program:
    """A running program, with the part of `subprocess.Popen` that the tests use."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """`command` is `messenger` or `simulator`, and its arguments."""
        self._process: ForkServerProcess = _context.Process(target=_run, args=(list(command), dict(environment)))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float | None = None) -> int:
        """The exit code, negative for a signal. Raises `TimeoutError` if the program runs longer than `seconds`."""
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise TimeoutError(f"the program still runs after {seconds} s")
        return self._process.exitcode

    def is_running(self) -> bool:
        return self._process.exitcode is None


def _run(command: list[str], environment: dict[str, str]) -> None:
    from api.cli import main as messenger
    from simulator.__main__ import main as simulator

    os.environ.clear()
    os.environ.update(environment)
    sys.argv = command
    if command[0] == "messenger":
        messenger()
    else:
        sys.exit(simulator())
