"""Making a backup: `pg_dump` of one snapshot, with a manifest of that snapshot behind it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from api.backup import queries
from api.backup.errors import BackupError
from api.backup.files import Sink, sink_to
from api.backup.programs import Program, connection, find_program
from api.backup.progress import Progress, size
from api.backup.rules import Manifest
from api.backup.running import running
from api.delivery import holds
from api.kit.database import Database, database_time
from api.version import VERSION


@dataclass(frozen=True)
class _Snapshot:
    name: str
    taken_at: datetime
    schema: str
    server_version: int
    content: queries.Content
    secret_key_check: str | None


async def make_backup(owner_url: str, path: Path) -> Manifest:
    """Write a backup of the whole database to a new file, or to standard output if `path` is `-`.

    Raises BackupError; then nothing is left of the file.
    """
    progress = Progress()
    async with Database(owner_url, pool_size=1) as database:
        version = await _prepare(database)
        pg_dump = find_program("pg_dump", at_least=version)
        with sink_to(path) as sink:
            # The transaction stays open during the dump: `pg_dump` reads its snapshot.
            async with database.snapshot() as session:
                snapshot = await _snapshot(session, version)
                await _dump(pg_dump, owner_url, snapshot.name, sink, progress)
            manifest = _manifest(snapshot, sink, pg_dump)
            sink.finish(manifest)
    progress.say(
        f"Backup of {manifest.organizations:,} businesses and {manifest.audit_entries:,} audit entries,"
        f" {size(manifest.archive_bytes)}, as of {manifest.taken_at}."
    )
    return manifest


async def _prepare(database: Database) -> int:
    """Returns the server's major version. From now on the data tells that a copy of it is one."""
    async with database.transaction() as session:
        if await queries.schema_revision(session) is None:
            raise BackupError("There is nothing to back up: the database has no schema of Messenger Center.")
        if await queries.has_identity(session):
            await holds.hold_copy(session)
        return await queries.server_version(session)


async def _snapshot(session: AsyncSession, server_version: int) -> _Snapshot:
    name = await queries.export_snapshot(session)
    schema = await queries.schema_revision(session)
    assert schema is not None, "it has been checked"
    return _Snapshot(
        name=name,
        taken_at=await database_time(session),
        schema=schema,
        server_version=server_version,
        content=await queries.content(session),
        secret_key_check=await queries.secret_key_check(session),
    )


async def _dump(pg_dump: Program, owner_url: str, snapshot: str, sink: Sink, progress: Progress) -> None:
    url, environment = connection(owner_url)
    command = [pg_dump.path, "--format=custom", "--verbose", f"--snapshot={snapshot}", f"--dbname={url}"]
    table = ""

    def note(line: str) -> None:
        nonlocal table
        if "dumping contents of table" in line:
            table = line.rpartition("table ")[2].strip('"')

    async with running(command, environment, on_line=note) as program:
        async for data in program.output():
            sink.write(data)
            progress.at(f"Backup: {size(sink.bytes)}, {table}")
        await program.ended_well(what="pg_dump")


def _manifest(snapshot: _Snapshot, sink: Sink, pg_dump: Program) -> Manifest:
    content = snapshot.content
    return Manifest(
        product_version=VERSION,
        schema=snapshot.schema,
        taken_at=snapshot.taken_at.isoformat(timespec="seconds"),
        server_version=snapshot.server_version,
        pg_dump_version=pg_dump.major,
        organizations=content.organizations,
        audit_chains=content.audit_chains,
        audit_entries=content.audit_entries,
        audit_heads=content.audit_heads,
        secret_key_check=snapshot.secret_key_check,
        archive_bytes=sink.bytes,
        archive_sha256=sink.sha256,
    )
