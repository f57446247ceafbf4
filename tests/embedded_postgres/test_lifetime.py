"""The embedded PostgreSQL runs as long as it has users, whatever is killed. Real servers, processes and kills."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.embedded_postgres.cluster import Cluster
from api.embedded_postgres.locks import EXCLUSIVE
from api.embedded_postgres.run import spawn_guard, start
from tests.embedded_postgres.users import (
    PATIENCE_SECONDS,
    Begin,
    guard_pids,
    kill_and_wait,
    kill_guard,
    read_row,
    until,
    wait_until_guard_ends,
    write_row,
)
from tests.support.processes import is_alive
from tests.support.statements import execute, fetch_value

IS_ROOT = os.geteuid() == 0
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


# One server for all who use the folder.


def test_a_second_process_uses_the_server_of_the_first_and_the_last_stops_it(begin: Begin, data_dir: Path) -> None:
    first = begin()
    pid = first.report()["pid"]
    second = begin()
    assert second.report()["pid"] == pid

    first.tell("release")
    assert is_alive(pid)
    second.tell("release")
    assert not is_alive(pid)
    assert Cluster(data_dir).server_pid() is None


def test_four_processes_that_begin_at_once_agree_on_one_server(begin: Begin) -> None:
    users = [begin() for _ in range(4)]
    reports = [user.report() for user in users]
    assert len({report["pid"] for report in reports}) == 1
    assert len({report["url"] for report in reports}) == 1


def test_one_process_can_hold_the_server_twice_and_make_a_second_database(data_dir: Path) -> None:
    with start(data_dir, fsync=False) as postgres:
        with start(data_dir, fsync=False, database="Odd name") as other:
            assert other.server_pid() == postgres.server_pid()
            assert fetch_value(other.owner_url, "SELECT current_database()") == "Odd name"
            other.release()
            other.release()
        assert fetch_value(postgres.url, "SELECT current_database()") == "messenger"


def test_commits_survive_a_stop_and_a_start(data_dir: Path) -> None:
    with start(data_dir) as postgres:
        assert fetch_value(postgres.url, "SHOW fsync") == "on"
        assert fetch_value(postgres.url, "SHOW full_page_writes") == "on"
        write_row(postgres.owner_url, "kept")
    with start(data_dir) as postgres:
        assert read_row(postgres.owner_url) == "kept"


# Crashes.


def test_a_killed_user_loses_nothing_that_was_committed(begin: Begin) -> None:
    user = begin(fsync=True)
    write_row(user.report()["owner_url"], "kept")
    user.kill()
    assert read_row(begin(fsync=True).report()["owner_url"]) == "kept"


def test_the_server_goes_when_its_last_user_is_killed(begin: Begin, data_dir: Path) -> None:
    staying, dying = begin(), begin()
    pid = staying.report()["pid"]
    dying.report()
    dying.kill()
    assert is_alive(pid)
    staying.kill()
    wait_until_guard_ends(Cluster(data_dir))
    assert not is_alive(pid)


def test_the_server_goes_when_its_last_user_ends_without_releasing_it(begin: Begin, data_dir: Path) -> None:
    user = begin()
    pid = user.report()["pid"]
    user.leave()
    wait_until_guard_ends(Cluster(data_dir))
    assert not is_alive(pid)


def test_a_forked_child_does_not_keep_the_server_alive(begin: Begin, data_dir: Path) -> None:
    user = begin()
    pid = user.report()["pid"]
    child = user.tell("fork")["child"]
    try:
        user.process.kill()
        user.process.wait()
        wait_until_guard_ends(Cluster(data_dir))
        assert not is_alive(pid)
        assert is_alive(child)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_killed_server_is_started_again_while_it_has_users(data_dir: Path) -> None:
    with start(data_dir, fsync=False) as postgres:
        write_row(postgres.owner_url, "kept")
        killed = postgres.server_pid()
        assert killed is not None
        kill_and_wait(killed)
        with start(data_dir, fsync=False) as again:
            assert again.server_pid() not in (None, killed)
            assert read_row(again.owner_url) == "kept"
            assert read_row(postgres.owner_url) == "kept"


@needs_proc
def test_a_killed_guard_is_replaced_by_the_users_and_the_server_stays(begin: Begin, data_dir: Path) -> None:
    user = begin()
    pid = user.report()["pid"]
    killed = kill_guard(Cluster(data_dir))
    until(lambda: len(guard_pids(Cluster(data_dir)) - {killed}) == 1, "another guard")
    assert is_alive(pid)
    user.kill()
    wait_until_guard_ends(Cluster(data_dir))
    assert not is_alive(pid)


@needs_proc
def test_a_server_left_without_guard_and_users_is_taken_over_by_the_next(begin: Begin, data_dir: Path) -> None:
    user = begin()
    pid = user.report()["pid"]
    user.process.send_signal(signal.SIGSTOP)  # A running user would start another guard.
    kill_guard(Cluster(data_dir))
    user.kill()
    assert is_alive(pid)

    following = begin()
    assert following.report()["pid"] == pid
    following.kill()
    wait_until_guard_ends(Cluster(data_dir))
    assert not is_alive(pid)


@needs_proc
def test_a_guard_whose_users_ended_before_it_took_over_stops_the_server(begin: Begin, data_dir: Path) -> None:
    user = begin()
    pid = user.report()["pid"]
    user.process.send_signal(signal.SIGSTOP)
    kill_guard(user.cluster)
    user.kill()
    with user.cluster.guard_lock() as lock:
        lock.acquire(EXCLUSIVE, deadline=time.monotonic() + PATIENCE_SECONDS)
        spawn_guard(user.cluster, lock, fsync=False)
    wait_until_guard_ends(user.cluster)
    assert not is_alive(pid)


def test_a_server_that_is_killed_again_and_again_loses_no_commit(data_dir: Path) -> None:
    with start(data_dir) as postgres:
        execute(postgres.owner_url, "CREATE TABLE kept (text text)")
        for round_number in range(4):
            with start(data_dir):
                execute(postgres.owner_url, f"INSERT INTO kept VALUES ('{round_number}')")
            pid = postgres.server_pid()
            assert pid is not None
            kill_and_wait(pid)
        with start(data_dir):
            kept = fetch_value(postgres.owner_url, "SELECT array_agg(text ORDER BY text) FROM kept")
        assert kept == ["0", "1", "2", "3"]


@needs_proc
def test_four_processes_recover_together_after_everything_was_killed(begin: Begin, data_dir: Path) -> None:
    user = begin()
    report = user.report()
    write_row(report["owner_url"], "kept")
    user.process.send_signal(signal.SIGSTOP)
    kill_guard(Cluster(data_dir))
    kill_and_wait(report["pid"])
    user.kill()

    reports = [following.report() for following in [begin() for _ in range(4)]]
    assert len({report["pid"] for report in reports}) == 1
    assert read_row(reports[0]["owner_url"]) == "kept"


@pytest.mark.parametrize("state", ["reused", "zombie"])
def test_a_stale_pid_of_another_process_or_a_zombie_does_not_prevent_a_start(data_dir: Path, state: str) -> None:
    start(data_dir, fsync=False).release()
    cluster = data_dir / "postgres" / "cluster"
    owner = cluster.stat()
    command = ["sleep", "60"] if state == "reused" else ["true"]
    options = {"user": owner.st_uid, "group": owner.st_gid} if IS_ROOT else {}
    with subprocess.Popen(command, cwd="/", **options) as stranger:  # type: ignore[call-overload]
        if state == "zombie":
            os.waitid(os.P_PID, stranger.pid, os.WEXITED | os.WNOWAIT)
        pid_file = cluster / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{cluster}\n0\n5432\n{cluster}\n\n       0         0\nready   \n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        with start(data_dir, fsync=False) as postgres:
            assert postgres.server_pid() != stranger.pid
        stranger.kill()


def test_an_unfinished_cluster_is_made_again(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    cluster.create()
    half_made = cluster.home / "cluster.new-0000"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    with start(data_dir, fsync=False) as postgres:
        assert fetch_value(postgres.url, "SELECT 1") == 1
    assert not half_made.exists()
