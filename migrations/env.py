"""Runs migrations on the database of `messenger migrate` or of MESSENGER_DATABASE_URL.

One process at a time: it holds an advisory lock of its session, which ends with it however it ends.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.kit.database import database_engine
from api.kit.database_unavailable import sqlstate
from api.settings import load_settings
from api.tables import metadata

LOCK_TIMEOUT = "5s"
"""A migration that waits longer for a lock fails: every other statement on the table would wait behind it."""

LOCK_TRIES = 12
PAUSE_SECONDS = 2.0
"""Between tries, so that what has queued behind the lock goes on."""

LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED = "55P03", "40P01"

MIGRATION_LOCK = 0x6D65_7373_656E
"""The key of the advisory lock: `messen`."""

POLL_SECONDS = 0.25


def _url() -> str:
    settings = load_settings()
    url = context.config.attributes.get("database_url") or settings.direct_database_url or settings.database_url
    if not url:
        raise SystemExit("Set MESSENGER_DATABASE_URL, or use `messenger migrate` for the embedded database.")
    return str(url)


def _report(line: str) -> None:
    report: Callable[[str], None] = context.config.attributes.get("report", lambda _line: None)
    report(line)


def _on_step(*, step: Any, **_: object) -> None:
    """Called by Alembic within the transaction of each migration."""
    if step.is_upgrade:
        context.config.attributes.setdefault("applied", []).append(step.up_revision_id)
    title = (step.up_revision.doc or "").partition("\n")[0].rstrip(".")
    _report(f"{'Applying' if step.is_upgrade else 'Taking back'} {step.up_revision_id}: {title}.")


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_server_default=True,
        on_version_apply=_on_step,
    )
    with context.begin_transaction():
        context.run_migrations()


@asynccontextmanager
async def _migration_lock(connection: AsyncConnection) -> AsyncIterator[None]:
    """Waits by asking again: a session that waits in the server has a snapshot, which would hold up CREATE INDEX
    CONCURRENTLY in the process that has the lock."""
    is_waiting = False
    while not await _scalar(connection, "SELECT pg_try_advisory_lock(:key)"):
        if not is_waiting:
            is_waiting = True
            _report("Another process is migrating this database: waiting for it.")
        await asyncio.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        await connection.rollback()
        await _scalar(connection, "SELECT pg_advisory_unlock(:key)")


async def _scalar(connection: AsyncConnection, statement: str) -> Any:
    value = await connection.scalar(text(statement), {"key": MIGRATION_LOCK})
    await connection.commit()
    return value


async def _run_with_retries(connection: AsyncConnection) -> None:
    """Migrations that got no lock in time, or were ended to solve a deadlock with running processes, are tried again.

    Each is one transaction, or can be repeated.
    """
    for tries_left in reversed(range(LOCK_TRIES)):
        try:
            await connection.run_sync(_run)
        except DBAPIError as error:
            await connection.rollback()
            if sqlstate(error) not in {LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED} or not tries_left:
                raise
            _report(f"A table is locked; trying again, {tries_left} times at most.")
            await asyncio.sleep(context.config.attributes.get("pause_seconds", PAUSE_SECONDS))
        else:
            await connection.commit()
            return


async def _main() -> None:
    engine = database_engine(_url(), poolclass=pool.NullPool)
    async with engine.connect() as connection, _migration_lock(connection):
        lock_timeout = context.config.attributes.get("lock_timeout", LOCK_TIMEOUT)
        await connection.execute(text(f"SET lock_timeout = '{lock_timeout}'"))
        await connection.commit()
        await _run_with_retries(connection)
    await engine.dispose()


connection = context.config.attributes.get("connection")
if connection is not None:
    _run(connection)
else:
    asyncio.run(_main())
