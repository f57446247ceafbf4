"""Checks before a process starts: its extras are installed, and the secret key is the database's."""

import asyncio
import importlib.util
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from api.database_urls import DatabaseUrls
from api.kit.database import Database
from api.kit.database_unavailable import is_database_unavailable
from api.kit.secrets import secret_box
from api.lines.secret_key import check_secret_key
from api.settings import Settings

DATABASE_PATIENCE_SECONDS = 30.0

Result = TypeVar("Result")

_EXTRAS = {
    "demo": ("The demo data", ("demo", "twilio")),
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
    if any(importlib.util.find_spec(module) is None for module in modules):
        raise StartError(f"{name} is not installed: pip install 'messenger-center[{extra}]'{instead}.")


async def check_key(settings: Settings, urls: DatabaseUrls) -> None:
    """Raises WrongSecretKeyError if the secret key is not the database's. Waits like `when_available`."""
    async with Database(urls.app, pool_size=1) as database:
        await when_available(lambda: check_secret_key(database, secret_box(settings)))


async def when_available(work: Callable[[], Awaitable[Result]]) -> Result:
    """Repeats the work while the database is unavailable, which may be just starting.

    Raises ConnectionError after `DATABASE_PATIENCE_SECONDS`.
    """
    until = time.monotonic() + DATABASE_PATIENCE_SECONDS
    while True:
        try:
            return await work()
        except Exception as error:
            if not is_database_unavailable(error):
                raise
            if time.monotonic() > until:
                raise ConnectionError(type(error).__name__) from error
        await asyncio.sleep(0.1)
