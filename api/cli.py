"""The command `messenger`, for operators."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, ParamSpec, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
import uvloop

from api.access import service as access
from api.access.models import Organization
from api.audit.rules import BrokenEntry
from api.audit_log import service as audit_log
from api.check import Finding, findings
from api.check import Result as CheckResult
from api.child_process import replace_program, report_start
from api.database_urls import DatabaseUrls, database_urls
from api.embedded_postgres.errors import EmbeddedPostgresError
from api.inbound.replay import replay_from_shell
from api.kit.database import Database
from api.kit.database_refusals import describe_database_error
from api.kit.database_unavailable import DATABASE_ERRORS
from api.kit.errors import NotFound, Problem
from api.kit.secrets import secret_box
from api.lines import secret_key
from api.lines.secret_key import Rotation, WrongSecretKeyError
from api.logging import configure_logging
from api.migrate import MigrationError
from api.migrate import migrate as migrate_schema
from api.organization_list import organization_summaries
from api.postgres_url import DatabaseUrlError
from api.providers.simulator.control import SimulatorError
from api.settings import Settings, SettingsError, get_settings
from api.startup import (
    DATABASE_PATIENCE_SECONDS,
    StartError,
    check_database,
    check_key,
    require_extra,
    require_extras_of_up,
)
from api.version import VERSION

cli = typer.Typer(
    name="messenger",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def main() -> None:
    cli()


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


def _fail(line: str) -> typer.Exit:
    if not report_start(line.encode()):
        typer.echo(f"messenger: {line}", err=True)
    return typer.Exit(1)


EXPECTED_ERRORS = (
    *(SettingsError, EmbeddedPostgresError, WrongSecretKeyError, StartError, SimulatorError, MigrationError),
    DatabaseUrlError,
)


def command(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Adds a command. An error that the operator can fix is printed in one line, without a stack trace."""

    @wraps(function)
    def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except EXPECTED_ERRORS as error:
            raise _fail(str(error)) from None
        except Problem as problem:
            raise _fail(problem.detail or problem.title) from None

    return cli.command()(wrapped)


@contextmanager
def _started(*, patience: float = 0, any_schema: bool = False) -> Iterator[tuple[Settings, DatabaseUrls]]:
    """The settings, and a database that can be reached and whose schema this version serves.

    Raises StartError, also if the database becomes unavailable within the block.
    """
    settings = get_settings()
    configure_logging(settings)
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


def _progress(line: str) -> None:
    typer.echo(f"messenger: {line}", err=True)


@command
def up() -> None:
    """Start everything: database, migrations, demo data, API and SPA, worker, carrier simulator."""
    from api.up import run_everything

    require_extras_of_up(get_settings())
    with _started(patience=DATABASE_PATIENCE_SECONDS, any_schema=True) as (settings, urls):
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
        with _started(patience=DATABASE_PATIENCE_SECONDS) as (settings, urls):
            asyncio.run(check_key(settings, urls))
            run_process(settings, urls)
        return
    # The parent does without the database: what keeps a process from starting must not end those that serve.
    settings = get_settings()
    configure_logging(settings)
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
    with _started(patience=DATABASE_PATIENCE_SECONDS) as (settings, urls):
        asyncio.run(check_key(settings, urls))
        if not check:
            replacement = uvloop.run(run_worker(settings, urls))
    if replacement is not None:
        replace_program("worker", replacement)


@command
def migrate() -> None:
    """Bring the database's schema to this version. Several at once wait for each other."""
    with _started(any_schema=True) as (_, urls):
        typer.echo(str(migrate_schema(urls.owner, report=_progress)))


@command
def demo() -> None:
    """Fill an organization `demo` with believable data. Does nothing if it exists already."""
    if get_settings().is_production:
        raise _fail("Production refuses demo data: everybody knows the password of the demo.")
    require_extra("demo")
    from demo import make_demo

    with _started(any_schema=True) as (settings, urls):
        migrate_schema(urls.owner, report=_progress)
        asyncio.run(check_key(settings, urls))
        made = asyncio.run(make_demo(settings, urls.app))
        typer.echo("The demo organization is ready." if made else "The demo organization was there already.")


@command
def create_organization(
    slug: Annotated[str, typer.Option(help="What staff type to sign in: a-z, 0-9 and dashes.")],
    name: Annotated[str, typer.Option()],
    country: Annotated[str, typer.Option(help="ISO 3166 alpha-2, such as US.")],
    timezone: Annotated[str, typer.Option(help="IANA name, such as America/Chicago.")],
    admin_email: Annotated[str, typer.Option()],
    admin_name: Annotated[str, typer.Option()],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Create a business with its first administrator; prints its id as JSON."""
    if not password_stdin:
        raise _fail("Give the administrator's password on standard input, with --password-stdin.")
    password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < 10:
        raise _fail("The password needs at least 10 characters.")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise _fail(f"There is no timezone {timezone}. Use an IANA name such as America/Chicago.") from None
    if len(country) != 2 or not country.isalpha():
        raise _fail("Give the country as two letters, such as US.")

    async def create(urls: DatabaseUrls) -> str:
        async with Database(urls.app, pool_size=1) as database, database.transaction() as session:
            organization, _ = await access.create_organization(
                session,
                slug=slug,
                name=name,
                country=country,
                timezone=timezone,
                admin=access.FirstAdministrator(name=admin_name, email=admin_email, password=password),
            )
            return str(organization.id)

    with _started(any_schema=True) as (_, urls):
        migrate_schema(urls.owner, report=_progress)
        typer.echo(json.dumps({"id": asyncio.run(create(urls)), "slug": slug}))


@command
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    network: Annotated[bool, typer.Option("--network/--no-network", help="Whether to ask the providers.")] = True,
) -> None:
    """Check this installation: settings, database, schema, secret key, worker, lines. Exit 1 if anything fails."""

    async def run(settings: Settings, urls: DatabaseUrls) -> list[Finding]:
        found = []
        async for finding in findings(settings, urls, network=network):
            found.append(finding)
            if not as_json:
                typer.echo(f"{finding.result:8} {finding.check:16} {finding.message}")
        return found

    try:
        settings = get_settings()
        configure_logging(settings)
        with database_urls(settings) as urls:
            found = asyncio.run(run(settings, urls))
    except (SettingsError, EmbeddedPostgresError) as error:
        if not as_json:
            raise
        failed = "settings" if isinstance(error, SettingsError) else "database"
        found = [Finding(failed, CheckResult.FAILED, str(error))]
    has_failed = any(finding.result is CheckResult.FAILED for finding in found)
    if as_json:
        checks = [{"check": each.check, "result": each.result, "message": each.message} for each in found]
        typer.echo(json.dumps({"ok": not has_failed, "checks": checks}, ensure_ascii=False))
    if has_failed:
        raise typer.Exit(1)


@command
def list_organizations(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each, a line each.")] = False,
) -> None:
    """List every business: id, slug, staff members, lines, last text, name. Prints them as it reads them."""

    async def run(urls: DatabaseUrls) -> None:
        async with Database(urls.app, pool_size=1) as database:
            async for each in organization_summaries(database):
                last = None if each.last_text_at is None else each.last_text_at.isoformat(timespec="seconds")
                if as_json:
                    fields = {**each._asdict(), "id": str(each.id), "last_text_at": last}
                    typer.echo(json.dumps(fields, ensure_ascii=False))
                else:
                    typer.echo(
                        f"{each.id}  {each.slug:24}  {each.staff:5} staff  {each.lines:3} lines"
                        f"  {last or 'no text yet':25}  {each.name}"
                    )

    with _started() as (_, urls):
        asyncio.run(run(urls))


@command
def verify_audit(
    organization: Annotated[str | None, typer.Option(help="A slug. Without it: every organization.")] = None,
) -> None:
    """Verify the audit chains: exit 0 and a count, or 1 and the first broken entry."""

    async def verify(urls: DatabaseUrls) -> tuple[int, str | None]:
        count = 0
        async with Database(urls.app, pool_size=1) as database:
            for each in await _chosen_organizations(database, organization):
                result = await audit_log.verify_log(database, each.id)
                if isinstance(result, BrokenEntry):
                    return count, (
                        f"BROKEN {each.slug}: chain {result.chain_subject}, entry {result.chain_number}"
                        f" ({result.entry_id or 'missing'}): {result.problem}."
                    )
                count += result
        return count, None

    with _started() as (_, urls):
        count, problem = asyncio.run(verify(urls))
    if problem is not None:
        typer.echo(problem, err=True)
        raise typer.Exit(1)
    typer.echo(f"{count} audit entries, every chain whole.")


@command
def replay(
    organization: Annotated[str | None, typer.Option(help="A slug. Without it: every organization.")] = None,
    event: Annotated[UUID | None, typer.Option(help="The id of one quarantined event.")] = None,
    all_events: Annotated[bool, typer.Option("--all", help="Every event that is quarantined.")] = False,
) -> None:
    """Try again inbound events that are quarantined; prints how many as JSON. A running service applies them."""
    if (event is None) != all_events:
        raise _fail("Give either --event ID or --all.")

    async def run(urls: DatabaseUrls) -> int:
        async with Database(urls.app, pool_size=1) as database:
            chosen = await _chosen_organizations(database, organization)
            return await replay_from_shell(database, [each.id for each in chosen], event_id=event)

    with _started() as (_, urls):
        typer.echo(json.dumps({"replayed": asyncio.run(run(urls))}))


async def _chosen_organizations(database: Database, slug: str | None) -> list[Organization]:
    """The organization with this slug, or every organization. Raises `NotFound`."""
    async with database.transaction() as session:
        found = await access.organizations(session)
    chosen = [each for each in found if slug is None or each.slug == slug]
    if slug is not None and not chosen:
        raise NotFound(f"There is no organization “{slug}”.")
    return chosen


@command
def rotate_secret_key(
    lost: Annotated[
        bool,
        typer.Option("--lost", help="The key in use is lost: begin with the new one, and enter credentials again."),
    ] = False,
) -> None:
    """Encrypt what is stored under MESSENGER_SECRET_KEY, not MESSENGER_SECRET_KEY_PREVIOUS; prints counts as JSON."""

    async def run(settings: Settings, urls: DatabaseUrls) -> Rotation:
        async with Database(urls.app, pool_size=1) as database:
            if not lost:
                return await secret_key.rotate_secret_key(database, secret_box(settings))
            await secret_key.replace_lost_secret_key(database, secret_box(settings))
            return Rotation()

    with _started() as (settings, urls):
        rotation = asyncio.run(run(settings, urls))
    counts = {"rotated": rotation.rotated, "were_current": rotation.were_current}
    typer.echo(json.dumps({**counts, "unreadable": [str(each) for each in rotation.unreadable]}))
    if rotation.unreadable:
        raise _fail(
            f"{len(rotation.unreadable)} lines open with neither key. Enter their credentials again, or repeat this"
            " with the key they were stored with as MESSENGER_SECRET_KEY_PREVIOUS."
        )


@command
def export_openapi() -> None:
    """Print the OpenAPI document."""
    from api.app import create_app

    app = create_app(Settings(_env_file=None), database_url="postgresql+asyncpg://unused")
    typer.echo(json.dumps(app.api.openapi(), indent=2, ensure_ascii=False, sort_keys=True))
