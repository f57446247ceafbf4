"""Starting the service, and bringing the database to its version."""

import asyncio
from typing import Annotated

import typer
import uvloop

from api.child_process import replace_program
from api.commands.base import command, configured, fail, progress, started
from api.database_urls import database_urls
from api.migrate import migrate as migrate_schema
from api.settings import get_settings
from api.startup import (
    DATABASE_PATIENCE_SECONDS,
    check_key,
    require_extra,
    require_extras_of_up,
)


@command
def up() -> None:
    """Start everything: database, migrations, demo data, API and SPA, worker, carrier simulator."""
    from api.up import run_everything

    require_extras_of_up(get_settings())
    with started(patience=DATABASE_PATIENCE_SECONDS, any_schema=True) as (settings, urls):
        run_everything(settings, urls)


@command
def serve(
    single: Annotated[
        bool, typer.Option("--single", help="Serve in this process alone, which SIGHUP does not reload.")
    ] = False,
) -> None:
    """Serve the API and the SPA. SIGHUP replaces every process without a pause, SIGTERM ends when all is answered."""
    from api.serve import run_process, run_server

    if single:
        with started(patience=DATABASE_PATIENCE_SECONDS) as (settings, urls):
            asyncio.run(check_key(settings, urls))
            run_process(settings, urls)
        return
    # The parent does without the database: what keeps a process from starting must not end those that serve.
    settings = configured()
    with database_urls(settings) as urls:
        replacement = run_server(settings, urls)
    if replacement is not None:
        replace_program("serve", replacement)


@command
def worker(
    check: Annotated[bool, typer.Option("--check", help="Only check that a worker can start.")] = False,
) -> None:
    """Apply the journal, send the outbox, sweep leases and deadlines. SIGHUP starts it anew after its batch."""
    from api.serve import run_worker

    replacement = None
    with started(patience=DATABASE_PATIENCE_SECONDS) as (settings, urls):
        asyncio.run(check_key(settings, urls))
        if not check:
            replacement = uvloop.run(run_worker(settings, urls))
    if replacement is not None:
        replace_program("worker", replacement)


@command
def migrate() -> None:
    """Bring the database's schema to this version. Several at once wait for each other."""
    with started(any_schema=True) as (_, urls):
        typer.echo(str(migrate_schema(urls.owner, report=progress)))


@command
def demo() -> None:
    """Fill an organization `demo` with believable data. Does nothing if it exists already."""
    if get_settings().is_production:
        raise fail("Production refuses demo data: everybody knows the password of the demo.")
    require_extra("demo")
    from demo import make_demo

    with started(any_schema=True) as (settings, urls):
        migrate_schema(urls.owner, report=progress)
        asyncio.run(check_key(settings, urls))
        made = asyncio.run(make_demo(settings, urls.app))
        typer.echo("The demo organization is ready." if made else "The demo organization was there already.")
