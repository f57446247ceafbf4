"""Runs migrations on the database of `messenger migrate` or of MESSENGER_DATABASE_URL."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from api.settings import load_settings
from api.tables import metadata

LOCK_TIMEOUT = "5s"
"""A migration that waits longer for a lock fails: every other statement on the table would wait behind it."""


def _url() -> str:
    url = context.config.attributes.get("database_url") or load_settings().database_url
    if not url:
        raise SystemExit("Set MESSENGER_DATABASE_URL, or use `messenger migrate` for the embedded database.")
    return str(url)


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _main() -> None:
    engine = create_async_engine(_url(), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        await connection.commit()
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


connection = context.config.attributes.get("connection")
if connection is not None:
    _run(connection)
else:
    asyncio.run(_main())
