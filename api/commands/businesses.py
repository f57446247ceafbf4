"""Making, listing and deleting businesses, and letting a person in again."""

import asyncio
import json
import sys
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from api.access import service as access
from api.access.own_password import Reset
from api.access.own_password import reset_password as reset
from api.access.passwords import generated_password
from api.access.rules import password_problem
from api.commands.base import command, fail, progress, started
from api.database_urls import DatabaseUrls
from api.kit.database import Database
from api.migrate import migrate as migrate_schema
from api.organization_list import organization_summaries
from api.retention import organizations
from api.tables import metadata


def password_from_stdin() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if (problem := password_problem(password)) is not None:
        raise fail(problem)
    return password


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
        raise fail("Give the administrator's password on standard input, with --password-stdin.")
    password = password_from_stdin()
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise fail(f"There is no timezone {timezone}. Use an IANA name such as America/Chicago.") from None
    if len(country) != 2 or not country.isalpha():
        raise fail("Give the country as two letters, such as US.")

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

    with started(any_schema=True) as (_, urls):
        migrate_schema(urls.owner, report=progress)
        typer.echo(json.dumps({"id": asyncio.run(create(urls)), "slug": slug}))


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

    with started() as (_, urls):
        asyncio.run(run(urls))


@command
def reset_password(
    organization: Annotated[str, typer.Option(help="The slug of the business.")],
    email: Annotated[str, typer.Option(help="What the person signs in with.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the new password from standard input.")
    ] = False,
    generate: Annotated[bool, typer.Option("--generate", help="Generate the new password and print it.")] = False,
) -> None:
    """Set a person's forgotten password and sign them out everywhere; prints what was done as JSON."""
    if password_stdin == generate:
        raise fail("Give the new password on standard input with --password-stdin, or have one made with --generate.")
    password = generated_password() if generate else password_from_stdin()

    async def run(urls: DatabaseUrls) -> Reset:
        async with Database(urls.app, pool_size=1) as database:
            return await reset(database, organization_slug=organization, email=email, password=password)

    with started() as (_, urls):
        done = asyncio.run(run(urls))
    answer: dict[str, object] = {"name": done.name, "email": done.email, "sessions_ended": done.sessions_ended}
    typer.echo(json.dumps(answer | ({"password": password} if generate else {}), ensure_ascii=False))


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
                raise fail("That is not its slug. Nothing was deleted.")
            return await organizations.delete_organization(
                database,
                found,
                organizations.owned_tables(metadata),
                even_if_queued=even_if_queued,
                on_progress=lambda table, rows: typer.echo(f"{table}: {rows:,}", err=True),
            )

    with started() as (_, urls):
        typer.echo(json.dumps({"slug": slug, "deleted": asyncio.run(run(urls))}))
