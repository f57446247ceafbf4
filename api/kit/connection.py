"""Connections to PostgreSQL: the only place that opens one, as the URL says."""

import asyncio
import random
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg

from api.postgres_url import DatabaseUrlError, PostgresUrl, parse_database_url
from api.postgres_url import plain_url as plain_url

Result = TypeVar("Result")

CONNECT_SECONDS = 5.0
"""How long a host may take, unless the URL has a connect_timeout."""

_SESSION_SETTINGS = {"timezone": "UTC", "jit": "off"}
_POOLED_SETTINGS = {"timezone": "UTC"}
"""Poolers refuse start-up parameters that they do not keep for each client. PgBouncer keeps this one."""


async def connect(url: str) -> "asyncpg.Connection[Any]":
    """Opens a connection, as libpq would: each host in turn, until one fits `target_session_attrs`.

    Behind a pooler it prepares no named statements; the caller keeps every statement within a transaction.
    Raises `DatabaseUrlError`, OSError, TimeoutError, or what asyncpg raises.
    """
    parsed = parse_database_url(url)
    missing = parsed.missing_file()
    if missing is not None:
        raise DatabaseUrlError(f"the file of {missing} cannot be read")
    hosts: list[tuple[str, int] | None] = list(parsed.hosts) or [None]
    if parsed.shuffles_hosts:
        random.shuffle(hosts)
    if parsed.target_session_attrs == "prefer-standby":
        try:
            return await _first(parsed, hosts, attributes="standby")
        except (OSError, TimeoutError, asyncpg.TargetServerAttributeNotMatched):
            return await _first(parsed, hosts, attributes="any")
    return await _first(parsed, hosts, attributes=parsed.target_session_attrs)


async def _first(
    parsed: PostgresUrl, hosts: Sequence[tuple[str, int] | None], *, attributes: str
) -> "asyncpg.Connection[Any]":
    """The first host that can be used. Raises the error of the last one; a refused sign-in ends it at once."""
    *others, last = hosts
    for host in others:
        try:
            return await _connect_host(parsed, host, attributes=attributes)
        except (OSError, TimeoutError, asyncpg.TargetServerAttributeNotMatched, asyncpg.CannotConnectNowError):
            continue
    return await _connect_host(parsed, last, attributes=attributes)


async def _connect_host(
    parsed: PostgresUrl, host: tuple[str, int] | None, *, attributes: str
) -> "asyncpg.Connection[Any]":
    timeout = CONNECT_SECONDS if parsed.connect_timeout is None else parsed.connect_timeout
    options: dict[str, Any] = {}
    if host is not None:
        options["host"], options["port"] = host
    if parsed.has_system_roots:
        options["ssl"] = ssl.create_default_context()
    if parsed.is_pooled:
        options["statement_cache_size"] = 0
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        parsed.dsn,
        timeout=None if timeout == float("inf") else timeout,
        target_session_attrs=attributes,
        server_settings={
            **(_POOLED_SETTINGS if parsed.is_pooled else _SESSION_SETTINGS),
            "application_name": parsed.application_name or "messenger",
        },
        connection_class=_connection_class(parsed.socket_options),
        **options,
    )
    return connection


def _connection_class(options: Mapping[str, int]) -> type:
    if not options:
        plain: type = asyncpg.Connection
        return plain

    class Tuned(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types.
        """A connection with the options of its URL on its socket."""

        def __init__(self, protocol: object, transport: asyncio.Transport, *others: object) -> None:
            super().__init__(protocol, transport, *others)
            _tune(transport.get_extra_info("socket"), options)

    return Tuned


def _tune(endpoint: socket.socket, options: Mapping[str, int]) -> None:
    """Sets TCP options; 0 means the system's default, as in libpq. A Unix socket has none of them."""
    if endpoint.family not in (socket.AF_INET, socket.AF_INET6):
        return
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, options.get("keepalives", 1))
    for name, option in (
        ("keepalives_idle", "TCP_KEEPIDLE"),
        ("keepalives_interval", "TCP_KEEPINTVL"),
        ("keepalives_count", "TCP_KEEPCNT"),
        ("tcp_user_timeout", "TCP_USER_TIMEOUT"),
    ):
        if options.get(name) and hasattr(socket, option):
            endpoint.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), options[name])


def is_pooled(url: str) -> bool:
    """Whether the URL leads to a pooler in transaction mode."""
    return parse_database_url(url).is_pooled


def on_connection(url: str, work: "Callable[[asyncpg.Connection[Any]], Awaitable[Result]]") -> Result:
    """Statements from synchronous code, on a new connection. Works beside a running event loop too.

    Blocks until the work is done. Raises the errors of `connect` and of asyncpg.
    """

    async def connected() -> Result:
        connection = await connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(asyncio.run, connected()).result()


def quoted(identifier: str) -> str:
    escaped = identifier.replace('"', '""')
    return f'"{escaped}"'
