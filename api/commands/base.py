"""What every command shares: the program, its errors in one line, settings and a database that fits."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, ParamSpec, TypeVar

import structlog
import typer

from api.access import service as access
from api.access.models import Organization
from api.backup.errors import BackupError
from api.child_process import report_start
from api.database_urls import DatabaseUrls, database_urls
from api.embedded_postgres.errors import EmbeddedPostgresError
from api.error_reports import start_error_reports
from api.kit.database import Database
from api.kit.database_refusals import describe_database_error
from api.kit.database_unavailable import DATABASE_ERRORS
from api.kit.errors import Problem
from api.lines.secret_key import WrongSecretKeyError
from api.logging import configure_logging
from api.migrate import MigrationError
from api.postgres_url import DatabaseUrlError
from api.providers.simulator.control import SimulatorError
from api.settings import Settings, SettingsError, get_settings
from api.startup import (
    StartError,
    check_database,
)
from api.tracing import check_tracing
from api.version import VERSION

cli = typer.Typer(
    name="messenger",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

log = structlog.get_logger(__name__)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"messenger {VERSION}")
        raise typer.Exit


@cli.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Messenger Center: a two-way texting inbox for businesses that run classes."""


def fail(line: str) -> typer.Exit:
    if not report_start(line.encode()):
        typer.echo(f"messenger: {line}", err=True)
    return typer.Exit(1)


EXPECTED_ERRORS = (
    *(SettingsError, EmbeddedPostgresError, WrongSecretKeyError, StartError, SimulatorError, MigrationError),
    *(DatabaseUrlError, BackupError),
)


def command(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Adds a command. An error that the operator can fix is printed in one line, without a stack trace."""

    @wraps(function)
    def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except EXPECTED_ERRORS as error:
            raise fail(str(error)) from None
        except Problem as problem:
            raise fail(problem.detail or problem.title) from None

    return cli.command()(wrapped)


def configured() -> Settings:
    """The settings, with the log and the reports of errors as they say."""
    settings = get_settings()
    configure_logging(settings)
    start_error_reports(settings)
    return settings


@contextmanager
def started(*, patience: float = 0, any_schema: bool = False) -> Iterator[tuple[Settings, DatabaseUrls]]:
    """The settings, and a database that can be reached and whose schema this version serves.

    Raises StartError, also if the database becomes unavailable within the block.
    """
    settings = configured()
    check_tracing()
    with database_urls(settings) as urls:
        try:
            asyncio.run(check_database(urls, patience=patience, any_schema=any_schema))
            yield settings, urls
        except DATABASE_ERRORS as error:
            # Other errors of the system are about files and ports.
            is_lost = not isinstance(error, OSError) or isinstance(error, ConnectionError | TimeoutError)
            line = describe_database_error(error, urls.app) if is_lost else None
            if line is None:
                raise
            raise StartError(line) from error


def progress(line: str) -> None:
    typer.echo(f"messenger: {line}", err=True)


async def chosen_organizations(database: Database, slug: str | None) -> list[Organization]:
    """The organization with this slug, or every organization. Raises `NotFound`."""
    async with database.transaction() as session:
        found = await access.organizations(session)
    chosen = [each for each in found if slug is None or each.slug == slug]
    if slug is not None and not chosen:
        raise access.no_such_organization(slug)
    return chosen
