"""`messenger backup` and `messenger restore`: what they write, what they refuse, what they leave behind."""

import asyncio
import dataclasses
import signal
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api.backup import programs
from api.backup.errors import BackupError
from api.backup.files import read_manifest
from api.backup.programs import connection, find_program
from api.backup.restore import checked_backup, restore_backup
from api.backup.rules import MARK, Manifest, ManifestError, manifest_of
from api.backup.service import make_backup
from api.kit.connection import on_connection
from api.kit.database import Database
from api.kit.secrets import secret_box
from api.lines.secret_key import check_secret_key
from api.settings import Settings
from api.tables import metadata
from tests.conftest import BusinessTemplate
from tests.support import postgres
from tests.support.programs import Program
from tests.support.service import service_settings
from tests.support.statements import execute, fetch_value


@pytest.fixture(scope="module")
def business(business_template: BusinessTemplate) -> Iterator[postgres.Database]:
    """A database of a business, whose secret key has been stored by a first start."""
    database = postgres.clone_database(business_template.database.name)

    async def start() -> None:
        async with Database(database.url, pool_size=1) as opened:
            await check_secret_key(opened, secret_box(service_settings("unused")))

    asyncio.run(start())
    yield database
    postgres.drop_database(database)


@pytest.fixture(scope="module")
def backup(business: postgres.Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backup") / "one.backup"
    asyncio.run(make_backup(business.owner_url, path))
    return path


@pytest.fixture
def empty_database() -> Iterator[postgres.Database]:
    template = postgres.template_database(lambda owner_url: None, migrations=postgres.PROJECT / "tests" / "support")
    database = postgres.clone_database(template)
    yield database
    postgres.drop_database(database)


def is_empty(database: postgres.Database) -> bool:
    return bool(fetch_value(database.owner_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0)


def test_AUDIT_APPEND_a_restored_database_has_every_row_and_the_same_rights(
    business: postgres.Database, backup: Path, empty_database: postgres.Database, settings: Settings
) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    manifest = checked_backup(backup, settings, without_secret_key=False)
    restored = restore_backup(backup, manifest, settings, empty_database.owner_url, without_secret_key=False)

    assert (restored.organizations, restored.rights_refused) == (1, [])
    assert restored.audit_entries == fetch_value(business.url, "SELECT count(*) FROM audit_entries") > 0
    compared = {
        "rights": "SELECT string_agg(relname || relacl::text, ' ' ORDER BY relname) FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace",
        "later rights": "SELECT string_agg(defaclacl::text, ' ') FROM pg_default_acl",
    }
    for what, query in compared.items():
        assert fetch_value(empty_database.owner_url, query) == fetch_value(business.owner_url, query), what
    for table in metadata.sorted_tables:
        if table.name != "outbox_holds":
            counts = f"SELECT count(*) FROM {table.name}"
            assert fetch_value(empty_database.url, counts) == fetch_value(business.url, counts), table.name
    held = "SELECT reason FROM outbox_holds WHERE released_at IS NULL"
    assert fetch_value(empty_database.url, held) == "restored"
    # The data is the new database's own from now on.
    own = "SELECT value LIKE '%/' || oid FROM database_identity, pg_database WHERE datname = current_database()"
    assert fetch_value(empty_database.url, own) is True


def test_pg_restore_alone_can_read_the_file_and_says_nothing_of_the_manifest(
    backup: Path, empty_database: postgres.Database
) -> None:
    url, environment = connection(empty_database.owner_url)
    pg_restore = find_program("pg_restore", at_least=18)
    by_hand = asyncio.run(run_by_hand([pg_restore.path, "--no-owner", f"--dbname={url}", str(backup)], environment))
    assert by_hand == (0, b"")
    assert fetch_value(empty_database.owner_url, "SELECT count(*) FROM organizations") == 1


async def run_by_hand(command: list[str], environment: dict[str, str]) -> tuple[int | None, bytes]:
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    return process.returncode, said


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    middle = data.rfind(MARK) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def shortened(data: bytes) -> bytes:
    return data[:1000] + data[1001:]


def newer(data: bytes) -> bytes:
    start = data.rfind(MARK)
    manifest, _ = manifest_of(data)
    return data[:start] + dataclasses.replace(manifest, schema="9999", product_version="9.0").as_bytes()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (cut, "at its end should be the manifest"),
        (flipped, "its content is not what was written"),
        (shortened, "bytes, and"),
        (newer, "Install version 9.0"),
        (lambda data: b"not a backup", "at its end should be the manifest"),
    ],
)
def test_a_damaged_or_newer_file_is_refused_before_anything_is_touched(
    backup: Path, tmp_path: Path, settings: Settings, change: Callable[[bytes], bytes], says: str
) -> None:
    damaged = tmp_path / "damaged"
    damaged.write_bytes(change(backup.read_bytes()))
    with pytest.raises(BackupError, match=says) as refused:
        checked_backup(damaged, settings, without_secret_key=False)
    assert "\n" not in str(refused.value)


def test_another_secret_key_is_refused_and_none_is_made(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="is not the key of the backed-up service"):
        checked_backup(backup, service_settings(tmp_path, secret_key="another"), without_secret_key=False)
    without = service_settings(tmp_path, secret_key=None)
    with pytest.raises(BackupError, match="Set MESSENGER_SECRET_KEY"):
        checked_backup(backup, without, without_secret_key=False)
    assert not without.data_dir.exists()
    assert checked_backup(backup, without, without_secret_key=True).organizations == 1
    assert b"a key for tests" not in backup.read_bytes()


def test_a_database_that_is_not_empty_is_refused(
    backup: Path, empty_database: postgres.Database, settings: Settings
) -> None:
    execute(empty_database.owner_url, "CREATE VIEW reports AS SELECT 1")
    manifest = read_manifest(backup)
    with pytest.raises(BackupError, match="is not empty: it has reports"):
        restore_backup(backup, manifest, settings, empty_database.owner_url, without_secret_key=False)
    assert is_empty(empty_database)


def test_a_restore_that_fails_in_the_middle_leaves_the_database_empty(
    backup: Path, empty_database: postgres.Database, settings: Settings, tmp_path: Path
) -> None:
    # The manifest is whole, the archive is not: what a check that was left out would have found.
    data = bytearray(backup.read_bytes())
    data[data.rfind(MARK) * 9 // 10] ^= 0xFF
    damaged = tmp_path / "damaged"
    damaged.write_bytes(data)
    with pytest.raises(BackupError, match="pg_restore failed: "):
        restore_backup(damaged, read_manifest(damaged), settings, empty_database.owner_url, without_secret_key=False)
    assert is_empty(empty_database)


def test_a_backup_overwrites_nothing_and_leaves_nothing_when_it_fails(
    business: postgres.Database, empty_database: postgres.Database, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.write_text("precious")
    with pytest.raises(BackupError, match="overwrites nothing"):
        asyncio.run(make_backup(business.owner_url, there))
    with pytest.raises(BackupError, match="nothing to back up"):
        asyncio.run(make_backup(empty_database.owner_url, tmp_path / "new"))
    with pytest.raises(BackupError, match="cannot be written"):
        asyncio.run(make_backup(business.owner_url, tmp_path / "no such folder" / "new"))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_backup_that_is_stopped_leaves_nothing(
    business: postgres.Database, tmp_path: Path, number: signal.Signals
) -> None:
    def is_writing() -> bool:
        return bool(list(tmp_path.glob(".new.*")))

    async def stop_in_the_middle(locking: "asyncpg.Connection[Any]") -> int:
        async with locking.transaction():
            # `pg_dump` waits for this lock.
            await locking.execute("LOCK TABLE organizations IN ACCESS EXCLUSIVE MODE")
            environment = {"MESSENGER_DATABASE_URL": business.owner_url, "MESSENGER_DATA_DIR": str(tmp_path / "data")}
            program = Program(["messenger", "backup", str(tmp_path / "new")], environment)
            until = time.monotonic() + 20
            while not is_writing():
                assert time.monotonic() < until
                await asyncio.sleep(0.02)
            program.send_signal(number)
            return await asyncio.to_thread(program.wait, 20)

    assert on_connection(business.owner_url, stop_in_the_middle) != 0
    assert [path.name for path in tmp_path.iterdir() if path.name != "data"] == []


def test_the_password_is_on_no_command_line(business: postgres.Database) -> None:
    url, environment = connection(business.owner_url)
    assert environment["PGPASSWORD"] in business.owner_url
    assert environment["PGPASSWORD"] not in url
    assert not any(name.startswith("MESSENGER_") for name in environment)


def test_a_program_of_the_servers_version_or_newer_is_found_or_its_installation_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for major in (15, 17, 19):
        folder = tmp_path / str(major)
        folder.mkdir()
        fake = folder / "pg_dump"
        fake.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {major}.2 (Debian {major}.2-1)'\n")
        fake.chmod(0o755)
    monkeypatch.setattr(programs, "_FOLDERS", (f"{tmp_path}/*",))
    assert find_program("pg_dump", at_least=16).path == str(tmp_path / "17" / "pg_dump")
    with pytest.raises(BackupError, match="apt-get install postgresql-client-99"):
        find_program("pg_dump", at_least=99)


@pytest.mark.parametrize(
    "tail", [b"", MARK, MARK + b"{}\n", MARK + b"[1]\n", MARK + b'{"schema": 1}\n', MARK + b"\xff\n"]
)
def test_what_is_no_manifest_is_refused(tail: bytes) -> None:
    with pytest.raises(ManifestError):
        manifest_of(tail)


def test_a_manifest_with_a_field_of_another_type_is_refused(backup: Path) -> None:
    manifest = read_manifest(backup)
    wrong = dataclasses.replace(manifest, archive_bytes="many")  # type: ignore[arg-type]
    with pytest.raises(ManifestError, match="archive_bytes"):
        manifest_of(wrong.as_bytes())
    assert manifest_of(b"before" + manifest.as_bytes())[0] == manifest
    assert isinstance(manifest, Manifest)
