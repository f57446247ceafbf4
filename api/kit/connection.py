"""Statements from synchronous code, each call on a new connection. Works beside a running event loop too."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg

Result = TypeVar("Result")


def plain_url(url: str) -> str:
    """The URL without SQLAlchemy's driver, for asyncpg and psql."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


def on_connection(url: str, work: "Callable[[asyncpg.Connection[Any]], Awaitable[Result]]") -> Result:
    """Blocks until the work is done. Raises the errors of asyncpg."""

    async def connected() -> Result:
        connection = await asyncpg.connect(plain_url(url))
        try:
            return await work(connection)
        finally:
            await connection.close()

    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(asyncio.run, connected()).result()


def quoted(identifier: str) -> str:
    escaped = identifier.replace('"', '""')
    return f'"{escaped}"'
