"""Checks of an installation, its secret key, its audit log, its backups."""

import asyncio
import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api.audit.rules import BrokenEntry
from api.audit_log import service as audit_log
from api.check import Finding, findings
from api.check import Result as CheckResult
from api.commands.base import chosen_organizations, command, fail, started
from api.database_urls import DatabaseUrls, database_urls
from api.delivery import holds
from api.delivery.holds import HoldReason
from api.embedded_postgres.errors import EmbeddedPostgresError
from api.inbound.replay import replay_from_shell
from api.kit.database import Database
from api.kit.secrets import secret_box
from api.lines import secret_key
from api.lines.secret_key import Rotation
from api.logging import configure_logging
from api.settings import Settings, SettingsError, get_settings
from api.webhook_endpoints.keys import reseal_secrets


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
def verify_audit(
    organization: Annotated[str | None, typer.Option(help="A slug. Without it: every organization.")] = None,
) -> None:
    """Verify the audit chains: exit 0 and a count, or 1 and the first broken entry."""

    async def verify(urls: DatabaseUrls) -> tuple[int, int, str | None]:
        count = erased = 0
        async with Database(urls.app, pool_size=1) as database:
            for each in await chosen_organizations(database, organization):
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

    with started() as (_, urls):
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
        raise fail("Give either --event ID or --all.")

    async def run(urls: DatabaseUrls) -> int:
        async with Database(urls.app, pool_size=1) as database:
            chosen = await chosen_organizations(database, organization)
            return await replay_from_shell(database, [each.id for each in chosen], event_id=event)

    with started() as (_, urls):
        typer.echo(json.dumps({"replayed": asyncio.run(run(urls))}))


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
                rotation = await secret_key.rotate_secret_key(database, secret_box(settings))
                await reseal_secrets(database, secret_box(settings))
                return rotation
            await secret_key.replace_lost_secret_key(database, secret_box(settings))
            return Rotation()

    with started() as (settings, urls):
        rotation = asyncio.run(run(settings, urls))
    counts = {"rotated": rotation.rotated, "were_current": rotation.were_current}
    typer.echo(json.dumps({**counts, "unreadable": [str(each) for each in rotation.unreadable]}))
    if rotation.unreadable:
        raise fail(
            f"{len(rotation.unreadable)} lines open with neither key. Enter their credentials again, or repeat this"
            " with the key they were stored with as MESSENGER_SECRET_KEY_PREVIOUS."
        )


@command
def backup(file: Annotated[Path, typer.Argument(help="A new file, or - for standard output.")]) -> None:
    """Write everything but the secret key to FILE, while the service runs. `pg_restore` can read it too."""
    from api.backup.running import run_to_end
    from api.backup.service import make_backup

    with started(any_schema=True) as (_, urls):
        run_to_end(make_backup(urls.owner, file))


@command
def restore(
    file: Annotated[Path, typer.Argument(help="A file of `messenger backup`.")],
    without_secret_key: Annotated[
        bool,
        typer.Option("--without-secret-key", help="The key is lost: enter every line's credentials again afterwards."),
    ] = False,
) -> None:
    """Restore a backup into an empty database. Texts wait until it is known what was sent and received since."""
    from api.backup.restore import checked_backup, restore_backup

    manifest = checked_backup(file, get_settings(), without_secret_key=without_secret_key)
    with started(any_schema=True) as (settings, urls):
        restored = restore_backup(file, manifest, settings, urls.owner, without_secret_key=without_secret_key)
    for each in restored.rights_refused:
        typer.echo(f"messenger: a right of the backup was not restored: {each}", err=True)
    typer.echo(
        f"Restored as of {restored.taken_at}. No text leaves until a worker has fetched what was received since,"
        f" and reconciled {restored.held_texts} texts that waited. `/api/v1/sending-status` and the log say when.",
        err=True,
    )
    counts = {"organizations": restored.organizations, "audit_entries": restored.audit_entries}
    typer.echo(json.dumps({**counts, "held_texts": restored.held_texts}))


@command
def hold_outbox() -> None:
    """Hold every text, as after a restore. For point-in-time recovery, and for a standby that missed seconds."""

    async def hold(urls: DatabaseUrls) -> int:
        async with Database(urls.app, pool_size=1) as database, database.transaction() as session:
            return await holds.hold(session, HoldReason.OPERATOR)

    with started() as (_, urls):
        typer.echo(json.dumps({"organizations": asyncio.run(hold(urls))}))


@command
def release_outbox(
    organization: Annotated[str | None, typer.Option(help="A slug. Without it: every organization.")] = None,
) -> None:
    """Let texts leave although texts since the backup are missing, such as a STOP. What waited in it stays unknown."""

    async def run(urls: DatabaseUrls) -> int:
        async with Database(urls.app, pool_size=1) as database:
            chosen = await chosen_organizations(database, organization)
            return await holds.release_from_shell(database, [each.id for each in chosen])

    with started() as (_, urls):
        typer.echo(json.dumps({"released": asyncio.run(run(urls))}))


@command
def export_openapi() -> None:
    """Print the OpenAPI document."""
    from api.app import create_app

    app = create_app(Settings(_env_file=None), database_url="postgresql+asyncpg://unused")
    typer.echo(json.dumps(app.api.openapi(), indent=2, ensure_ascii=False, sort_keys=True))
