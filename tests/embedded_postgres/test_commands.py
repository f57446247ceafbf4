"""`messenger up` and its processes share the embedded PostgreSQL: whichever is killed, the service recovers or ends."""

import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.embedded_postgres.cluster import Cluster
from tests.embedded_postgres.users import kill_and_wait, kill_guard, until, wait_until_guard_ends
from tests.support.processes import is_alive
from tests.support.stack import MESSENGER, free_port


@contextmanager
def messenger(command: str, data_dir: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The process of a command without a database URL, once it is ready, and the URL of its API."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MESSENGER_")}
    environment |= {
        "MESSENGER_DATA_DIR": str(data_dir),
        "MESSENGER_PORT": str(port),
        "MESSENGER_SIMULATOR_PORT": str(free_port()),
        "MESSENGER_DEMO": "0",
        "MESSENGER_LOG_LEVEL": "error",
    }
    process = subprocess.Popen([MESSENGER, command], env=environment, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: answers(url), "the service is ready")
        yield process, url
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def server_pid(data_dir: Path) -> int:
    pid = Cluster(data_dir).server_pid()
    assert pid is not None
    return pid


def test_up_goes_on_when_the_server_or_its_guard_is_killed_and_leaves_nothing_when_it_stops(data_dir: Path) -> None:
    with messenger("up", data_dir) as (_, url):
        killed = server_pid(data_dir)
        kill_and_wait(killed)
        until(lambda: Cluster(data_dir).server_pid() not in (None, killed), "another server")
        until(lambda: answers(url), "the service is ready again")
        kill_guard(Cluster(data_dir))
        assert answers(url)
        started = server_pid(data_dir)
    wait_until_guard_ends(Cluster(data_dir))
    assert not is_alive(started)


def test_a_killed_up_takes_its_processes_and_the_server_with_it(data_dir: Path) -> None:
    with messenger("up", data_dir) as (process, url):
        pid = server_pid(data_dir)
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_until_guard_ends(Cluster(data_dir))
        assert not is_alive(pid)
        assert not answers(url)


def test_serve_starts_the_server_and_keeps_it_when_a_joined_process_is_killed(data_dir: Path) -> None:
    migrate = [MESSENGER, "migrate"]
    subprocess.run(migrate, env={**os.environ, "MESSENGER_DATA_DIR": str(data_dir)}, check=True)
    with messenger("serve", data_dir) as (_, url):
        pid = server_pid(data_dir)
        with subprocess.Popen([MESSENGER, "worker"], env={**os.environ, "MESSENGER_DATA_DIR": str(data_dir)}) as worker:
            worker.kill()
        assert server_pid(data_dir) == pid
        assert answers(url)
    wait_until_guard_ends(Cluster(data_dir))
    assert not is_alive(pid)
