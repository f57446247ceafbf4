"""`messenger migrate`, and what every command says to a schema or a database that it cannot work with."""

import asyncio
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command

from api.cli import main
from api.kit.connection import connect
from api.migrate import alembic_config, expected_revision, migrate, revisions
from api.schema_state import SchemaState, judge
from api.settings import get_settings
from tests.support import postgres
from tests.support.programs import Program
from tests.support.stack import free_port
from tests.support.statements import execute, fetch_value

FORKS = multiprocessing.get_context("forkserver")
"""Shares its warm parent with `tests.support.programs`."""

COMMANDS = [
    ["serve", "--single"],
    ["worker"],
    ["verify-audit"],
    ["replay", "--all"],
    ["rotate-secret-key"],
    ["list-organizations"],
]

IN_PARTS = [
    path.name[:4]
    for path in sorted((postgres.PROJECT / "migrations" / "versions").glob("00[4-9]*.py"))
    if path.name > "0041" and "autocommit_block" in path.read_text()
]
"""Migrations since 0041 that commit what stands before a block, and can be ended within it."""


@pytest.fixture
def empty_database() -> Iterator[postgres.Database]:
    template = postgres.template_database(lambda owner_url: None, migrations=postgres.PROJECT / "tests" / "support")
    database = postgres.clone_database(template)
    yield database
    postgres.drop_database(database)


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str, url: str
) -> tuple[int, str, str]:
    """The exit code of a command, and what it wrote on its output and its error output."""
    monkeypatch.setenv("MESSENGER_DATABASE_URL", url)
    monkeypatch.setenv("MESSENGER_SECRET_KEY", "a key for tests")
    monkeypatch.setattr("sys.argv", ["messenger", *arguments])
    get_settings.cache_clear()
    with pytest.raises(SystemExit) as ended:
        main()
    get_settings.cache_clear()
    written = capsys.readouterr()
    code = ended.value.code
    return (code if isinstance(code, int) else 0), written.out, written.err


def migrate_and_tell(url: str, file: Path) -> None:
    """Runs in a process of its own."""
    lines: list[str] = []
    migrated = migrate(url, report=lines.append)
    file.write_text(json.dumps([str(migrated), *lines]))


def test_two_migrations_at_once_both_succeed_and_the_second_waits(
    empty_database: postgres.Database, tmp_path: Path
) -> None:
    files = [tmp_path / "first", tmp_path / "second"]
    processes = [FORKS.Process(target=migrate_and_tell, args=(empty_database.owner_url, file)) for file in files]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0]
    told = [json.loads(file.read_text()) for file in files]
    assert sorted(each[0] for each in told) == [
        f"The schema is at {expected_revision()}: nothing to do.",
        f"The schema is now at {expected_revision()}: {len(revisions())} migrations applied.",
    ]
    lines = [line for each in told for line in each[1:]]
    assert sum("waiting for it" in line for line in lines) == 1
    assert sum(line.startswith("Applying ") for line in lines) == len(revisions())


class Holder:
    """A session that holds a lock which a migration needs, by default one that readers do not need."""

    def __init__(self, url: str, lock: str = "LOCK TABLE alembic_version IN SHARE MODE") -> None:
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(connect(url))
        self.execute(f"BEGIN; {lock}")

    def execute(self, statements: str) -> None:
        self._loop.run_until_complete(self._connection.execute(statements))

    def release(self) -> None:
        if not self._loop.is_closed():
            self._loop.run_until_complete(self._connection.close())
            self._loop.close()


@pytest.fixture
def one_behind(clone: postgres.Database) -> postgres.Database:
    """A database that lacks the newest migration, which cannot finish until `Holder` releases its lock."""
    command.downgrade(alembic_config(clone.owner_url), revisions()[1])
    return clone


def test_a_killed_migration_leaves_no_lock(one_behind: postgres.Database, tmp_path: Path) -> None:
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
    held += " (SELECT oid FROM pg_database WHERE datname = current_database())"
    holder = Holder(one_behind.owner_url)
    environment = {**os.environ, "MESSENGER_DATABASE_URL": one_behind.owner_url, "MESSENGER_DATA_DIR": str(tmp_path)}
    migrating = Program(["messenger", "migrate"], environment)
    wait_until(lambda: fetch_value(one_behind.admin_url, held) == 1, "it holds the lock of migrations")
    migrating.send_signal(signal.SIGKILL)
    migrating.wait(10)
    holder.release()
    wait_until(lambda: fetch_value(one_behind.admin_url, held) == 0, "the lock is free")

    assert migrate(one_behind.owner_url).applied == [expected_revision()]


def wait_until(check: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 30
    while not check():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def test_a_migration_that_gets_no_lock_in_time_tries_again(
    one_behind: postgres.Database,
) -> None:
    """The lock is released when the migration says that it tries again."""
    holder = Holder(one_behind.owner_url)
    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        if "trying again" in line:
            # Beside the event loop of the migration.
            with ThreadPoolExecutor(1) as executor:
                executor.submit(holder.release).result()

    config = alembic_config(one_behind.owner_url)
    config.attributes |= {"report": report, "lock_timeout": "100ms", "pause_seconds": 0}
    command.upgrade(config, "head")

    assert config.attributes["applied"] == [expected_revision()]
    assert sum("A table is locked; trying again" in line for line in lines) == 1


def test_a_migration_that_is_ended_to_solve_a_deadlock_tries_again(clone: postgres.Database) -> None:
    """0019 locks `audit_entries`, then `messages`. A process that writes a message locks them in the other order."""
    waits = "SELECT count(*) FROM pg_locks WHERE relation = 'messages'::regclass AND NOT granted"
    config = alembic_config(clone.owner_url)
    command.downgrade(config, "0018")
    holder = Holder(clone.owner_url, "LOCK TABLE messages IN ROW EXCLUSIVE MODE")

    def write_both() -> None:
        wait_until(lambda: fetch_value(clone.owner_url, waits) == 1, "the migration waits for messages")
        holder.execute("LOCK TABLE audit_entries IN ROW EXCLUSIVE MODE; COMMIT")

    lines: list[str] = []
    config.attributes |= {"report": lines.append, "applied": [], "pause_seconds": 0}
    with ThreadPoolExecutor(1) as executor:
        writing = executor.submit(write_both)
        command.upgrade(config, "0019")
        writing.result()
    holder.release()

    assert config.attributes["applied"] == ["0019"]
    assert sum("A table is locked; trying again" in line for line in lines) == 1


@pytest.mark.parametrize("revision", IN_PARTS)
def test_a_migration_that_commits_in_parts_can_be_run_again(clone: postgres.Database, revision: str) -> None:
    """As after a try that got no lock for one of its indexes."""
    config = alembic_config(clone.owner_url)
    before = revisions()[revisions().index(revision) + 1]
    command.downgrade(config, before)
    command.upgrade(config, revision)
    execute(clone.owner_url, f"UPDATE alembic_version SET version_num = '{before}'")

    command.upgrade(config, revision)

    assert fetch_value(clone.owner_url, "SELECT version_num FROM alembic_version") == revision


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ("0006", SchemaState.CURRENT),
        # An upgrade has migrated before the old processes were stopped: they go on.
        ("0007", SchemaState.NEWER),
        ("0010", SchemaState.NEWER),
        ("0005b", SchemaState.OLDER),
        ("0001", SchemaState.OLDER),
        ("", SchemaState.FOREIGN),
        ("3fa9c1", SchemaState.FOREIGN),
        (None, SchemaState.FOREIGN),
    ],
)
def test_which_schemas_a_version_serves(found: str | None, state: SchemaState) -> None:
    known = ("0006", "0005b", "0005", "0001")
    assert judge(found, has_tables=True, has_own_tables=True, revisions=known) is state
    assert judge(found, has_tables=True, has_own_tables=False, revisions=known) is SchemaState.FOREIGN


def test_every_command_says_what_to_do_about_the_schema(
    clone: postgres.Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(statement: str) -> set[tuple[int, str]]:
        execute(clone.owner_url, statement)
        found = set()
        for arguments in COMMANDS:
            code, _, err = run(monkeypatch, capsys, *arguments, url=clone.url)
            found.add((code, err.splitlines()[-1]))
        return found

    expected = expected_revision()
    older = f"messenger: The database's schema is at 0001, and this version needs {expected}. Run `messenger migrate`."
    assert say("UPDATE alembic_version SET version_num = '0001'") == {(1, older)}
    foreign = (
        "messenger: The database holds tables that Messenger Center did not make{}. Create one for it alone"
        " (`createdb messenger`), and set MESSENGER_DATABASE_URL to it."
    )
    revision = "UPDATE alembic_version SET version_num = '3fa9c1'"
    assert say(revision) == {(1, foreign.format(", and is at the revision 3fa9c1"))}
    assert say("DROP TABLE alembic_version") == {(1, foreign.format(""))}
    assert run(monkeypatch, capsys, "migrate", url=clone.owner_url)[::2] == (1, foreign.format("") + "\n")
    assert say("DROP OWNED BY messenger_owner CASCADE") == {
        (1, "messenger: The database is empty. Run `messenger migrate`.")
    }


def test_a_newer_schema_is_served_and_needs_no_migration(
    clone: postgres.Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(clone.owner_url, "UPDATE alembic_version SET version_num = '9999'")
    assert run(monkeypatch, capsys, "verify-audit", url=clone.url)[0] == 0
    code, out, _ = run(monkeypatch, capsys, "migrate", url=clone.owner_url)
    assert (code, out) == (
        0,
        f"The schema is at 9999, of a later version than this one's {expected_revision()}: nothing to do.\n",
    )


def test_every_command_refuses_a_wrong_database_in_one_line(
    clone: postgres.Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong_password = clone.url.replace("messenger_app:", "messenger_app:wrong")
    wrong_database = clone.url.replace(clone.name, "nowhere")
    typo = f"{clone.url}&ssl_mode=require"
    for arguments in [*COMMANDS, ["migrate"]]:
        for url, said in (
            (wrong_password, "refuses the password of the user 'messenger_app'"),
            (wrong_database, "There is no database 'nowhere' at"),
            (typo, "MESSENGER_DATABASE_URL: the parameter 'ssl_mode' is unknown or not supported"),
        ):
            code, out, err = run(monkeypatch, capsys, *arguments, url=url)
            assert (code, out, err.count("\n")) == (1, "", 1), (arguments, err)
            assert said in err, arguments
    dead = f"postgresql://u:p@127.0.0.1:{free_port()}/m"
    for arguments in (["migrate"], ["verify-audit"]):
        code, _, err = run(monkeypatch, capsys, *arguments, url=dead)
        assert (code, err.count("\n")) == (1, 1), err
        assert "Nothing listens at 127.0.0.1" in err
