"""The parent process of the embedded server: it stops the server after the last user.

    python -m api.embedded_postgres.guard <data folder> <descriptor of the held guard lock> <uid> <gid> <command…>

`uid` and `gid` are empty when the server runs as the current user. The guard waits for `users.lock`, which every user
holds shared. It does not restart the server: when the server ends, the guard ends, and a user starts both again.

This module and its imports are in the standard library, which keeps the process small.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from api.embedded_postgres.binaries import Account, spawn
from api.embedded_postgres.cluster import Cluster
from api.embedded_postgres.locks import EXCLUSIVE

_STOP_SIGNALS = (*[signal.SIGINT] * 20, *[signal.SIGQUIT] * 5, *[signal.SIGKILL] * 5)
"""One a second: fast shutdown, immediate shutdown, kill."""


def main(arguments: list[str]) -> None:
    data_dir, descriptor, uid, gid, *command = arguments
    os.set_inheritable(int(descriptor), False)
    if os.fork() != 0:
        os._exit(0)  # The starter waits for this process, so the guard is nobody's child to collect.
    # A terminal or a service manager may signal every process; only the end of the last user counts here. The server
    # does not inherit a handler, as it would inherit SIG_IGN.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    cluster = Cluster(Path(data_dir))
    has_users = threading.Event()
    has_users.set()
    threading.Thread(target=_stop_after_last_user, args=(cluster, has_users), daemon=True).start()
    with cluster.server_lock() as server:
        if not server.try_acquire(EXCLUSIVE):
            _say("takes over the running server")
            server.acquire(EXCLUSIVE)  # Until the last process of that server has ended.
        if has_users.is_set():
            other = cluster.server_pid()
            if other is not None and sys.platform == "linux":
                sys.exit(
                    f"error: the cluster {cluster.folder} is in use by another PostgreSQL server (process {other})"
                )
            cluster.remove_stale_files()
            child = spawn(
                command,
                folder=cluster.folder,
                account=Account(int(uid), int(gid)) if uid else None,
                stdin=subprocess.DEVNULL,
                output=sys.stderr.fileno(),
                inherited=[server.fileno()],
            )
            server.close()  # The server's own processes hold it now.
            child.wait()
    with cluster.server_lock() as server:
        server.acquire(EXCLUSIVE)
    if not has_users.is_set():
        cluster.remove_socket_dir()


def _stop_after_last_user(cluster: Cluster, has_users: threading.Event) -> None:
    with cluster.users_lock() as users:
        users.acquire(EXCLUSIVE)
        has_users.clear()
        _say("the last user has ended; stopping the server")
        for number in _STOP_SIGNALS:
            pid = cluster.server_pid()
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            time.sleep(1)


def _say(text: str) -> None:
    moment = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    print(f"{moment} [{os.getpid()}] guard: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
