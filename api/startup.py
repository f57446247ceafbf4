"""Checks before a process starts: its extras are installed, and the secret key is the database's."""

import asyncio
import importlib.util
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import structlog

from api.database_urls import DatabaseUrls
from api.kit.database import Database
from api.kit.database_refusals import CONNECTION_ERRORS, describe_database_error, is_refusal
from api.kit.database_unavailable import DATABASE_ERRORS, is_database_unavailable
from api.kit.secrets import secret_box
from api.lines.secret_key import check_secret_key
from api.migrate import revisions
from api.schema_state import Schema, read_schema
from api.settings import Settings

DATABASE_PATIENCE_SECONDS = 30.0

Result = TypeVar("Result")

log = structlog.get_logger(__name__)

_EXTRAS = {
    "demo": ("The demo data", ("demo", "twilio")),
    "otel": ("Tracing", ("opentelemetry.sdk", "opentelemetry.exporter")),
    "sentry": ("Reporting of errors", ("sentry_sdk",)),
    "simulator": ("The carrier simulator", ("simulator", "demo", "twilio")),
}
"""The extras of pyproject.toml: the name for messages, and the modules."""


class StartError(Exception):
    """Something cannot start. The message is one line for the person who started it."""


def require_extras_of_up(settings: Settings) -> None:
    """Raises StartError if an extra that `messenger up` needs is not installed."""
    if settings.demo:
        require_extra("demo", instead=", or set MESSENGER_DEMO=0")
    if not settings.is_production:
        require_extra("simulator", instead=", or set MESSENGER_ENVIRONMENT=production")


def require_extra(extra: str, *, instead: str = "") -> None:
    """Raises StartError if the extra is not installed. `instead` is an alternative that the message names."""
    name, modules = _EXTRAS[extra]
    if not all(_is_installed(module) for module in modules):
        raise StartError(f"{name} is not installed: pip install 'messenger-center[{extra}]'{instead}.")


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # The package above it.
        return False


async def check_key(settings: Settings, urls: DatabaseUrls) -> None:
    """Raises WrongSecretKeyError if the secret key is not the database's. Waits like `when_available`."""
    async with Database(urls.app, pool_size=1) as database:
        await when_available(lambda: check_secret_key(database, secret_box(settings)))


async def check_database(urls: DatabaseUrls, *, patience: float = 0, any_schema: bool = False) -> None:
    """Raises StartError if a URL does not lead to the database, or this version does not serve its schema.

    Waits at most `patience` seconds while the database is unavailable. `any_schema` is for commands that migrate.
    """
    for url in dict.fromkeys((urls.app, urls.owner)):
        async with Database(url, pool_size=1) as database:
            try:
                schema = await when_available(partial(_read_schema, database), patience=patience)
            except CONNECTION_ERRORS as error:
                line = describe_database_error(error, url)
                if line is None:
                    raise
                raise StartError(line) from error
        if not schema.is_served and not any_schema:
            raise StartError(schema.problem)


async def _read_schema(database: Database) -> Schema:
    async with database.transaction() as session:
        return await read_schema(session, revisions=revisions())


async def when_available(
    work: Callable[[], Awaitable[Result]], *, patience: float = DATABASE_PATIENCE_SECONDS
) -> Result:
    """Repeats the work while the database is unavailable, which may be just starting. Raises the work's error later."""
    until = time.monotonic() + patience
    is_waiting = False
    while True:
        try:
            return await work()
        except DATABASE_ERRORS as error:
            if not is_database_unavailable(error) or is_refusal(error) or time.monotonic() >= until:
                raise
            if not is_waiting:
                is_waiting = True
                log.warning("database.unavailable", error=type(error).__name__, waiting_seconds=round(patience))
        await asyncio.sleep(0.1)
