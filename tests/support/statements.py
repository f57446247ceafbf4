"""Single statements on a database, each call on a new connection."""

from typing import Any

import asyncpg

from api.kit.connection import on_connection


def execute(url: str, *statements: str) -> None:
    """Runs each statement in a transaction of its own, because CREATE DATABASE needs that."""

    async def work(connection: "asyncpg.Connection[Any]") -> None:
        for statement in statements:
            await connection.execute(statement)

    on_connection(url, work)


def fetch_value(url: str, query: str, *arguments: object) -> Any:
    async def work(connection: "asyncpg.Connection[Any]") -> Any:
        return await connection.fetchval(query, *arguments)

    return on_connection(url, work)
