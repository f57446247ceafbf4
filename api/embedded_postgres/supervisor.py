"""The parent of the embedded server: a small process that outlives whoever started it and ends with the last user.

    python -m api.embedded_postgres.supervisor <data folder> <descriptor of the held supervisor.lock>

Every user holds `users.lock` shared. The supervisor waits for it exclusively: it gets it when nobody is left, whether
the last user said goodbye or was killed, and then it stops the server. While there are users, a server that dies is
started again. It holds `supervisor.lock`, by which the users notice when the supervisor itself is killed.
"""

import errno
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from api.embedded_postgres.binaries import reachable_name, spawn
from api.embedded_postgres.home import Home, Plan
from api.embedded_postgres.probe import (
    PORT,
    Answer,
    is_alive,
    remove_stale_files,
    running_postmaster,
    server_state,
)

_STOP_STEPS = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
"""Fast shutdown, immediate shutdown, the end: each with the seconds it is given."""
_ORPHANS_MARK = "pre-existing shared memory block"
"""PostgreSQL's words for: processes of a killed server are still going away."""
_ORPHANS_SECONDS = 15.0
_PAUSES_SECONDS = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Before the next attempt, by the number of attempts that have failed in a row. The last holds for all after it."""
_POLL_SECONDS = 0.02


class Postmaster(Protocol):
    """The server's main process."""

    @property
    def pid(self) -> int: ...

    def send(self, number: signal.Signals) -> None: ...

    def wait(self, timeout: float | None = None) -> bool:
        """Whether it has gone, within so many seconds."""


class ChildPostmaster:
    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.pid = child.pid
        self._child = child

    def send(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def wait(self, timeout: float | None = None) -> bool:
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True


class AdoptedPostmaster:
    """One whose own supervisor was killed. It is held by a descriptor, since its pid may be given to another."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor: int | None = None
        if sys.platform == "linux":
            try:
                self._descriptor = os.pidfd_open(pid)
            except OSError as error:
                # It has just gone; or the kernel is older than 5.3, and the pid has to do.
                if error.errno not in (errno.ESRCH, errno.ENOSYS):
                    raise

    def send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            if sys.platform == "linux" and self._descriptor is not None:
                signal.pidfd_send_signal(self._descriptor, number)
            else:
                os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> bool:
        if self._descriptor is not None:
            ready, _, _ = select.select([self._descriptor], [], [], timeout)
            return bool(ready)
        deadline = None if timeout is None else time.monotonic() + timeout
        while is_alive(self.pid):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True


def stop(server: Postmaster) -> None:
    for number, seconds in _STOP_STEPS:
        if server.wait(0):
            return
        server.send(number)
        if server.wait(seconds):
            return
    say(f"the server {server.pid} does not go, even killed")


class Supervisor:
    def __init__(self, home: Home, plan: Plan) -> None:
        self._home = home
        self._plan = plan
        self._nobody_left = threading.Event()
        self._launching = threading.Lock()
        self._server: Postmaster | None = None
        self._users = home.users_lock()  # Held, once obtained, to the end of the process.

    def run(self) -> int:
        """Returns the exit status: 1 if the server could never be started."""
        stopper = threading.Thread(target=self._stop_after_last_user, daemon=True)
        stopper.start()
        begun = time.monotonic()
        has_been_ready = False
        failures = 0
        while True:
            log_start = self._home.log_size()
            server = self._launch()
            if server is not None and self._becomes_ready(server):
                has_been_ready, failures = True, 0
                server.wait()
                say(f"the server {server.pid} has ended")
            elif not self._nobody_left.is_set():
                failures += 1
                orphans = _ORPHANS_MARK in self._home.last_complaint(since=log_start)
                if not has_been_ready and not (orphans and time.monotonic() - begun < _ORPHANS_SECONDS):
                    return 1
            if self._nobody_left.wait(_pause_after(failures)):
                stopper.join()
                self._remove_own_socket_dir()
                return 0

    def _launch(self) -> Postmaster | None:
        """Starts the server, or adopts the one that runs. None: it could not even be tried."""
        with self._launching:
            if self._nobody_left.is_set():
                return None
            self._server = None
            running = running_postmaster(self._home.cluster)
            if running is not None:
                say(f"takes over the running server {running}")
                self._server = AdoptedPostmaster(running)
                return self._server
            try:
                remove_stale_files(self._home.cluster, self._plan.socket_dir)
                child = spawn(
                    server_command(self._home, self._plan),
                    folder=self._home.cluster,
                    account=self._plan.account,
                    stdin=subprocess.DEVNULL,
                    stdout=sys.stderr.fileno(),
                    stderr=sys.stderr.fileno(),
                )
            except (OSError, subprocess.SubprocessError) as error:
                say(f"error: {error}")
                return None
            self._server = ChildPostmaster(child)
            return self._server

    def _becomes_ready(self, server: Postmaster) -> bool:
        """False if it ends first."""
        while not server.wait(_POLL_SECONDS):
            if server_state(self._home.cluster, self._plan.socket_dir) is Answer.READY:
                return True
        return False

    def _stop_after_last_user(self) -> None:
        self._users.wait_exclusive()
        self._nobody_left.set()
        with self._launching:
            server = self._server
            running = running_postmaster(self._home.cluster)
            if server is None and running is not None:
                # An earlier supervisor left it, and the users went before it was taken over.
                server = AdoptedPostmaster(running)
        if server is not None:
            say("nobody uses the server any more: stopping it")
            stop(server)

    def _remove_own_socket_dir(self) -> None:
        """A folder made for the socket goes with the server; whoever starts the next one makes another."""
        folder = self._plan.socket_dir
        if folder != self._home.cluster:
            try:
                folder.rmdir()
            except OSError as error:
                say(f"leaves {folder}: {error}")


def server_command(home: Home, plan: Plan) -> list[str]:
    """Settings are given here rather than in postgresql.conf, so that a newer application brings its own."""
    name = reachable_name(home.cluster, plan.account)
    socket_dir = name if plan.socket_dir == home.cluster else str(plan.socket_dir)
    settings = {
        "cluster_name": "messenger-center",
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": socket_dir,
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "128MB",
        "effective_cache_size": "1GB",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "default_text_search_config": "pg_catalog.simple",
        "password_encryption": "scram-sha-256",
        # Statements and the details of errors carry texts and phone numbers, which belong in no log.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] ",
    }
    if not plan.fsync:
        # Commits still reach the operating system, so that a killed server loses none of them.
        settings |= {"fsync": "off", "full_page_writes": "off"}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return [str(plan.binaries / "bin" / "postgres"), "-D", name, *options]


def say(text: str) -> None:
    moment = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    print(f"{moment} [{os.getpid()}] supervisor: {text}", file=sys.stderr, flush=True)


def _pause_after(failures: int) -> float:
    return _PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS) - 1)]


def main(arguments: list[str]) -> int:
    data_dir, descriptor = Path(arguments[0]), int(arguments[1])
    os.set_inheritable(descriptor, False)
    if os.fork() != 0:
        # The starter waits for this process only, and never has a child to collect.
        os._exit(0)
    # It ends with the last user and not before, also when a terminal or a service manager signals everybody. A
    # handler, unlike SIG_IGN, is not passed on to the server.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    os.chdir("/")
    home = Home(data_dir)
    plan = home.read_plan()
    if plan is None:
        say(f"error: there is no {home.plan_file}")
        return 1
    status = Supervisor(home, plan).run()
    # First the lock that says that there is a supervisor, then, by exiting, the one that makes new users wait.
    os.close(descriptor)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
