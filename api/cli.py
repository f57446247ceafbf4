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
from api.database_urls import DatabaseUrls, database_urls
from api.embedded_postgres.errors import EmbeddedPostgresError
from api.inbound.replay import replay_from_shell
from api.kit.database import Database
from api.kit.errors import NotFound, Problem
from api.kit.secrets import secret_box
from api.lines import secret_key
from api.lines.secret_key import Rotation, WrongSecretKeyError
from api.logging import configure_logging
from api.migrate import migrate as migrate_schema
from api.providers.simulator.control import SimulatorError
from api.retention import organizations
from api.settings import Settings, SettingsError, get_settings
from api.startup import StartError, check_key, require_extra, require_extras_of_up
from api.tables import metadata
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
    typer.echo(f"messenger: {line}", err=True)
    return typer.Exit(1)


def command(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Adds a command. An error that the operator can fix is printed in one line, without a stack trace."""

    @wraps(function)
    def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except (SettingsError, EmbeddedPostgresError, WrongSecretKeyError, StartError, SimulatorError) as error:
            raise _fail(str(error)) from None
        except Problem as problem:
            raise _fail(problem.detail or problem.title) from None
        except ConnectionError as error:
            raise _fail(f"The database cannot be reached: {error}.") from None

    return cli.command()(wrapped)


@contextmanager
def _started() -> Iterator[tuple[Settings, DatabaseUrls]]:
    settings = get_settings()
    configure_logging(settings)
    with database_urls(settings) as urls:
        yield settings, urls


@command
def up() -> None:
    """Start everything: database, migrations, demo data, API and SPA, worker, carrier simulator."""
    from api.up import run_everything

    require_extras_of_up(get_settings())
    with _started() as (settings, urls):
        run_everything(settings, urls)


@command
def serve() -> None:
    """Serve the API and the SPA."""
    from api.serve import run_server

    with _started() as (settings, urls):
        asyncio.run(check_key(settings, urls))
        run_server(settings, urls)


@command
def worker() -> None:
    """Apply the journal, send the outbox, sweep leases and deadlines."""
    from api.serve import run_worker

    with _started() as (settings, urls):
        asyncio.run(check_key(settings, urls))
        uvloop.run(run_worker(settings, urls))


@command
def migrate() -> None:
    """Bring the database's schema to this version."""
    with _started() as (_, urls):
        migrate_schema(urls.owner)


@command
def demo() -> None:
    """Fill an organization `demo` with believable data. Does nothing if it exists already."""
    if get_settings().is_production:
        raise _fail("Production refuses demo data: everybody knows the password of the demo.")
    require_extra("demo")
    from demo import make_demo

    with _started() as (settings, urls):
        migrate_schema(urls.owner)
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

    with _started() as (_, urls):
        migrate_schema(urls.owner)
        typer.echo(json.dumps({"id": asyncio.run(create(urls)), "slug": slug}))


@command
def delete_organization(
    slug: Annotated[str, typer.Option(help="The business to delete.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the slug again.")] = False,
    even_if_queued: Annotated[
        bool, typer.Option("--even-if-queued", help="Delete it although texts wait to be sent. They are not sent.")
    ] = False,
) -> None:
    """Delete a business with all of its data, for ever; prints counts as JSON. Repeat it if it breaks off."""

    async def run(urls: DatabaseUrls) -> dict[str, int]:
        async with Database(urls.owner, pool_size=1) as database:
            found = await organizations.find(database, slug)
            if not yes and typer.prompt(f"This deletes {found.name} for ever. Type its slug") != slug:
                raise _fail("That is not its slug. Nothing was deleted.")
            return await organizations.delete_organization(
                database,
                found,
                organizations.owned_tables(metadata),
                even_if_queued=even_if_queued,
                on_progress=lambda table, rows: typer.echo(f"{table}: {rows:,}", err=True),
            )

    with _started() as (_, urls):
        typer.echo(json.dumps({"slug": slug, "deleted": asyncio.run(run(urls))}))


@command
def verify_audit(
    organization: Annotated[str | None, typer.Option(help="A slug. Without it: every organization.")] = None,
) -> None:
    """Verify the audit chains: exit 0 and a count, or 1 and the first broken entry."""

    async def verify(urls: DatabaseUrls) -> tuple[int, int, str | None]:
        count = erased = 0
        async with Database(urls.app, pool_size=1) as database:
            for each in await _chosen_organizations(database, organization):
                result = await audit_log.verify_log(database, each.id)
                if isinstance(result, BrokenEntry):
                    return (
                        count,
                        erased,
                        (
                            f"BROKEN {each.slug}: chain {result.chain_subject}, entry {result.chain_number}"
                            f" ({result.entry_id or 'missing'}): {result.problem}."
                        ),
                    )
                count += result
                erased += result.erased
        return count, erased, None

    with _started() as (_, urls):
        count, erased, problem = asyncio.run(verify(urls))
    if problem is not None:
        typer.echo(problem, err=True)
        raise typer.Exit(1)
    by_request = f" {erased} entries erased by request." if erased else ""
    typer.echo(f"{count} audit entries, every chain whole.{by_request}")


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
