"""`messenger check`: whether this installation can do its work, one finding after the other. It changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.database_urls import DatabaseUrls
from api.delivery.heartbeat import sending_status
from api.kit.connection import connect
from api.kit.database import Database
from api.kit.database_refusals import CONNECTION_ERRORS, describe_database_error
from api.kit.secrets import secret_box
from api.lines.probing import probe_lines
from api.lines.rules import LineState
from api.lines.secret_key import verify_secret_key
from api.migrate import revisions
from api.providers.registry import Providers
from api.schema_state import SchemaState, read_schema
from api.settings import Settings
from api.tables import metadata
from api.urls import is_private_host

OLDEST_POSTGRESQL = 15
NOTIFICATION_SECONDS = 5.0
CHANNEL = "messenger_check"


class Result(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Finding(NamedTuple):
    check: str
    result: Result
    message: str


async def findings(settings: Settings, urls: DatabaseUrls, *, network: bool) -> AsyncIterator[Finding]:
    """Without `network` no provider is asked. What cannot be checked after a failure is left out."""
    yield _settings(settings)
    try:
        async with Database(urls.app, pool_size=1) as database:
            of_schema = await _of_database(database)
            for finding in of_schema:
                yield finding
            yield await _pooler(urls)
            yield await _notifications(database, urls)
            if any(finding.check == "schema" and finding.result is Result.FAILED for finding in of_schema):
                return
            yield await _secret_key(database, settings)
            yield await _worker(database)
            if network:
                async for finding in _lines(database, settings):
                    yield finding
    except CONNECTION_ERRORS as error:
        line = describe_database_error(error, urls.app)
        if line is None:
            raise
        yield Finding("database", Result.FAILED, line)


def _settings(settings: Settings) -> Finding:
    if not settings.is_production:
        message = "MESSENGER_ENVIRONMENT is not production: a demo and lines at the carrier simulator are allowed."
        return Finding("settings", Result.WARNING, message)
    if not settings.secure_cookies:
        return Finding("settings", Result.WARNING, "MESSENGER_PUBLIC_URL is not https: providers and browsers need it.")
    if is_private_host(settings.public_origin.host):
        message = (
            f"MESSENGER_PUBLIC_URL is {settings.public_base_url}, an address of this machine or network. Providers can"
            " neither post webhooks there nor fetch the pictures that are sent."
        )
        return Finding("settings", Result.WARNING, message)
    return Finding("settings", Result.OK, f"Production, at {settings.public_base_url}.")


async def _of_database(database: Database) -> list[Finding]:
    """The server, the schema and, if the schema is served, the role's rights."""
    async with database.transaction() as session:
        server = await _server(session)
        schema = await read_schema(session, revisions=revisions())
        if not schema.is_served:
            return [server, Finding("schema", Result.FAILED, schema.problem)]
        found = Finding("schema", Result.OK, f"It is at {schema.found}.")
        if schema.state is SchemaState.NEWER:
            message = f"It is at {schema.found}, of a later version than this one's {schema.expected}."
            found = Finding("schema", Result.WARNING, message)
        return [server, found, await _rights(session)]


async def _server(session: AsyncSession) -> Finding:
    row = (
        await session.execute(
            text(
                "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'),"
                " current_setting('server_encoding'), pg_is_in_recovery(), current_setting('transaction_read_only'),"
                " EXISTS (SELECT FROM pg_language WHERE lanname = 'plpgsql')"
            )
        )
    ).one()
    major, version, encoding, is_standby, is_read_only, has_plpgsql = row
    problems = {
        f"PostgreSQL {version} is too old: {OLDEST_POSTGRESQL} or newer is needed.": major < OLDEST_POSTGRESQL,
        f"Its encoding is {encoding}: create the database with UTF8.": encoding != "UTF8",
        "It is a standby: add target_session_attrs=read-write to the URL, with all hosts.": is_standby,
        "It is read-only: look at default_transaction_read_only.": is_read_only == "on",
        "It lacks the language plpgsql.": not has_plpgsql,
    }
    problem = next((line for line, holds in problems.items() if holds), None)
    if problem is not None:
        return Finding("database", Result.FAILED, problem)
    return Finding("database", Result.OK, f"PostgreSQL {version}, UTF-8.")


async def _rights(session: AsyncSession) -> Finding:
    """The rights that the migrations grant to `messenger_app`, on every table."""
    rows = await session.execute(
        text(
            "SELECT name, has_table_privilege(to_regclass(name), 'SELECT') FROM unnest(CAST(:tables AS text[])) AS name"
        ),
        {"tables": [*metadata.tables, "alembic_version"]},
    )
    lacking = [name for name, may_read in rows if not may_read]
    role, is_superuser, may_write, may_rewrite_audit = (
        await session.execute(
            text(
                "SELECT current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),"
                " has_table_privilege('messages', 'INSERT') AND has_table_privilege('messages', 'UPDATE')"
                " AND has_table_privilege('audit_entries', 'INSERT'),"
                " has_table_privilege('audit_entries', 'UPDATE') OR has_table_privilege('audit_entries', 'DELETE')"
            )
        )
    ).one()
    if lacking:
        return Finding("rights", Result.FAILED, f"The role {role} cannot read {', '.join(sorted(lacking))}.")
    if not may_write:
        return Finding("rights", Result.FAILED, f"The role {role} cannot write: grant it what the owner grants.")
    if is_superuser or may_rewrite_audit:
        what = "is a superuser" if is_superuser else "can change audit entries, but for a trigger"
        return Finding("rights", Result.WARNING, f"The role {role} {what}: run the service as messenger_app.")
    return Finding("rights", Result.OK, f"The role {role} can do what the service needs and no more.")


async def _pooler(urls: DatabaseUrls) -> Finding:
    """Poolers invent the process id that a client is told."""
    connection = await connect(urls.listening)
    try:
        is_behind_pooler = connection.get_server_pid() != await connection.fetchval("SELECT pg_backend_pid()")
    finally:
        await connection.close()
    if not is_behind_pooler:
        pooled = "MESSENGER_DATABASE_URL is taken for a pooler's." if urls.app != urls.listening else "No pooler."
        return Finding("pooler", Result.OK, pooled)
    if urls.app == urls.listening:
        message = "A pooler is in between. In transaction mode it needs MESSENGER_DIRECT_DATABASE_URL beside it."
    else:
        message = "MESSENGER_DIRECT_DATABASE_URL leads through a pooler: it must lead to PostgreSQL itself."
    return Finding("pooler", Result.FAILED, message)


async def _notifications(database: Database, urls: DatabaseUrls) -> Finding:
    """A notification that is sent the way of requests arrives where the service listens."""
    arrived = asyncio.Event()
    listener = await connect(urls.listening)
    try:
        await listener.add_listener(CHANNEL, lambda *_: arrived.set())
        async with database.transaction() as session:
            await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
        await asyncio.wait_for(arrived.wait(), NOTIFICATION_SECONDS)
    except TimeoutError:
        message = "A notification did not arrive: do both URLs lead to the same database?"
        return Finding("notifications", Result.FAILED, message)
    finally:
        await listener.close()
    return Finding("notifications", Result.OK, "They arrive.")


async def _secret_key(database: Database, settings: Settings) -> Finding:
    key = await verify_secret_key(database, secret_box(settings))
    if not key.is_right:
        message = "MESSENGER_SECRET_KEY is not the key that the secrets in this database are encrypted with."
        return Finding("secret key", Result.FAILED, message)
    if key.unreadable:
        message = f"The credentials of {key.unreadable} lines do not open: enter them again."
        return Finding("secret key", Result.FAILED, message)
    return Finding("secret key", Result.OK, f"It opens the credentials of every line ({key.opened}).")


async def _worker(database: Database) -> Finding:
    async with database.transaction() as session:
        status = await sending_status(session)
    if status.texts_are_leaving:
        return Finding("worker", Result.OK, "A worker sends.")
    since = "in the last day" if status.since is None else f"since {status.since:%Y-%m-%d %H:%M:%S} UTC"
    return Finding("worker", Result.FAILED, f"No worker has sent {since}: start `messenger worker`.")


_LINE_RESULTS = {
    LineState.READY: Result.OK,
    LineState.CANNOT_TELL: Result.WARNING,
    LineState.NEEDS_ATTENTION: Result.FAILED,
    LineState.UNREACHABLE: Result.FAILED,
    None: Result.OK,
}


async def _lines(database: Database, settings: Settings) -> AsyncIterator[Finding]:
    providers = Providers(settings)
    try:
        async for probe in probe_lines(
            database, providers=providers, secrets=secret_box(settings), public_base_url=settings.public_base_url
        ):
            yield Finding(f"line {probe.phone_number}", _LINE_RESULTS[probe.state], f"{probe.label}: {probe.detail}")
    finally:
        await providers.close()
