"""Restoring a backup into an empty database.

    check the file           whole, of a schema that this version knows, of this secret key
    `pg_restore`             into an empty database, in one transaction: a restore that is killed leaves it empty
    rights                   those of the service's own role, where the server has it
    compare                  audit chains with the manifest
    migrate                  to this version's schema
    hold                     the outbox, until it is known what was sent since the backup
    verify                   every audit chain, entry by entry

Nothing is posted in between: restored data is held by whichever worker finds it first (`api/delivery/holds.py`).
"""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.access import service as access
from api.audit.rules import BrokenEntry
from api.audit_log import service as audit_log
from api.backup import queries
from api.backup.errors import BackupError
from api.backup.files import check_whole, read_manifest
from api.backup.programs import Program, connection, find_program
from api.backup.progress import Progress, size
from api.backup.rules import ArchiveEntries, Manifest, archive_entries
from api.backup.running import running
from api.delivery import holds
from api.delivery.holds import HoldReason
from api.kit.database import Database
from api.kit.secrets import SecretBox, secret_box
from api.lines import secret_key
from api.migrate import expected_revision, first_grants, migrate, revisions
from api.settings import Settings


@dataclass(frozen=True)
class Restored:
    taken_at: str
    organizations: int
    audit_entries: int
    held_texts: int
    """Texts that waited or had no outcome yet. Each is reconciled."""
    rights_refused: Sequence[str]
    """Why GRANTs of the backup could not be made, such as to a role that is not there."""


def checked_backup(path: Path, settings: Settings, *, without_secret_key: bool) -> Manifest:
    """The manifest of a file that can be restored. Needs no database. Raises BackupError."""
    manifest = read_manifest(path)
    if manifest.schema not in revisions():
        raise BackupError(
            f"The backup is of version {manifest.product_version}. Its schema, {manifest.schema}, is newer than this"
            f" version's, {expected_revision()}. Install version {manifest.product_version} or a later one."
        )
    if not without_secret_key:
        _check_secret_key(manifest, settings)
    progress = Progress()
    check_whole(
        path,
        manifest,
        on_read=lambda count: progress.at(f"Checking: {size(count)} of {size(manifest.archive_bytes)}"),
    )
    return manifest


def _check_secret_key(manifest: Manifest, settings: Settings) -> None:
    """Raises BackupError unless the backup's secrets open with the secret key. Makes no key."""
    if manifest.secret_key_check is None:
        return
    without = "If it is lost, restore with --without-secret-key; then every line needs its credentials again."
    if settings.secret_key is None and not (settings.data_dir / "secret-key").exists():
        raise BackupError(
            "Set MESSENGER_SECRET_KEY to the key of the backed-up service, or put its file secret-key into"
            f" {settings.data_dir}. {without}"
        )
    if bytes.fromhex(manifest.secret_key_check) not in secret_key.check_values(secret_box(settings)):
        raise BackupError(f"MESSENGER_SECRET_KEY is not the key of the backed-up service. {without}")


async def fill_database(path: Path, manifest: Manifest, owner_url: str) -> Sequence[str]:
    """Restore the content of a checked backup into an empty database. Returns why GRANTs could not be made.

    Raises BackupError, and then the database is empty as before.
    """
    progress = Progress()
    async with Database(owner_url, pool_size=1) as database:
        async with database.transaction() as session:
            found = await queries.first_relation(session)
            version = await queries.server_version(session)
        if found is not None:
            raise BackupError(
                f"The database is not empty: it has {found}, for one. A restore overwrites nothing. Restore into a new"
                " database (createdb), or with the embedded one into another MESSENGER_DATA_DIR."
            )
        if version < manifest.server_version:
            raise BackupError(
                f"The backup is of PostgreSQL {manifest.server_version}, and this server is {version}."
                f" Restore it into PostgreSQL {manifest.server_version} or newer."
            )
        pg_restore = find_program("pg_restore", at_least=max(manifest.pg_dump_version, version))
        entries = await _entries(pg_restore, path)
        await _restore(pg_restore, path, entries, owner_url, progress)
        refused = await _restore_rights(pg_restore, path, entries, owner_url)
        async with database.transaction() as session:
            if await queries.role_lacks_rights(session):
                await queries.grant_to_role(session, first_grants())
            await queries.grant_future_tables(session)
            await queries.analyze(session)
        async with database.snapshot() as session:
            content = await queries.content(session)
    expected = (manifest.organizations, manifest.audit_chains, manifest.audit_entries, manifest.audit_heads)
    if content != expected:
        raise BackupError("The restored audit chains are not those of the backup. Do not use this database.")
    return refused


async def _entries(pg_restore: Program, path: Path) -> ArchiveEntries:
    _, environment = connection("postgresql://")
    listing = bytearray()
    async with running([pg_restore.path, "--list", str(path)], environment) as program:
        async for data in program.output():
            listing += data
        await program.ended_well(what="Reading the backup")
    return archive_entries(listing.decode().splitlines())


async def _restore(
    pg_restore: Program, path: Path, entries: ArchiveEntries, owner_url: str, progress: Progress
) -> None:
    done = 0

    def note(line: str) -> None:
        nonlocal done
        if "processing data for table" in line:
            done += 1
            progress.at(f"Restoring: table {done} of {entries.tables}, {line.rpartition('table ')[2]}")
        elif "creating" in line and done == entries.tables:
            progress.at(f"Restoring: {line.rpartition('creating ')[2]}")

    options = ["--single-transaction", "--no-owner", "--no-acl", "--verbose"]
    url, environment = connection(owner_url)
    with _list_file(entries.content) as chosen:
        command = [pg_restore.path, *options, f"--use-list={chosen}", f"--dbname={url}", str(path)]
        async with running(command, environment, on_line=note) as program:
            await program.ended_well(what="pg_restore")


async def _restore_rights(pg_restore: Program, path: Path, entries: ArchiveEntries, owner_url: str) -> Sequence[str]:
    """Make the GRANTs that can be made. Returns the errors of the others."""
    if not entries.rights:
        return []
    url, environment = connection(owner_url)
    with _list_file(entries.rights) as chosen:
        command = [pg_restore.path, "--no-owner", f"--use-list={chosen}", f"--dbname={url}", str(path)]
        async with running(command, environment) as program:
            await program.ended()
        return sorted({error.removeprefix("could not execute query: ") for error in program.errors})


@contextmanager
def _list_file(lines: Sequence[str]) -> Iterator[str]:
    """The name of a file with the entries, for the length of the block."""
    with tempfile.NamedTemporaryFile("w", suffix=".list") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        yield file.name


async def open_restored(owner_url: str, secrets: SecretBox, *, without_secret_key: bool) -> tuple[int, int]:
    """Hold the outbox of the migrated database and verify every audit chain. Returns audit entries and held texts.

    Raises BackupError if a chain is broken.
    """
    async with Database(owner_url, pool_size=1) as database:
        async with database.transaction() as session:
            # Data of an earlier version does not tell that it is a copy.
            if not await holds.hold_copy(session) and not await holds.open_holds(session):
                await holds.hold(session, HoldReason.RESTORED)
            organizations = await access.organizations(session)
            held = sum([await holds.unreconciled(session, each.id) for each in organizations])
        if without_secret_key:
            await secret_key.replace_lost_secret_key(database, secrets)
        entries = 0
        for each in organizations:
            result = await audit_log.verify_log(database, each.id)
            if isinstance(result, BrokenEntry):
                raise BackupError(
                    f"The data is restored, but the audit log of {each.slug} was broken in the backup already: chain"
                    f" {result.chain_subject}, entry {result.chain_number}: {result.problem}."
                )
            entries += result
    return entries, held


def restore_backup(
    path: Path, manifest: Manifest, settings: Settings, owner_url: str, *, without_secret_key: bool
) -> Restored:
    """Restore a checked backup. Runs its own event loops, as migrations do. Raises BackupError."""
    refused = asyncio.run(fill_database(path, manifest, owner_url))
    migrate(owner_url)
    opening = open_restored(owner_url, secret_box(settings), without_secret_key=without_secret_key)
    entries, held = asyncio.run(opening)
    return Restored(manifest.taken_at, manifest.organizations, entries, held, refused)
