"""`messenger check` and `messenger list-organizations`, on a real database and a real carrier simulator."""

import asyncio
import json
from pathlib import Path

import pytest

from api.check import Finding, Result, findings
from api.database_urls import DatabaseUrls
from api.delivery import queries as delivery
from api.organization_list import organization_summaries
from api.settings import Settings
from tests.support import postgres
from tests.support.service import service_settings
from tests.support.statements import execute
from tests.support.world import World
from tests.test_migrate import run


def urls_of(database: postgres.Database) -> DatabaseUrls:
    return DatabaseUrls(database.url, owner=database.owner_url, listening=database.url)


async def checked(settings: Settings, urls: DatabaseUrls, *, network: bool = False) -> dict[str, Finding]:
    return {finding.check: finding async for finding in findings(settings, urls, network=network)}


async def test_a_healthy_installation_passes_and_each_fault_fails_its_own_check(world: World) -> None:
    urls = urls_of(world.service.urls)
    settings = world.service.settings
    without_worker = await checked(settings, urls)
    assert without_worker["worker"].result is Result.FAILED
    async with world.service.database.transaction() as session:
        await delivery.beat(session)

    healthy = await checked(settings, urls, network=True)

    assert {name: finding.result for name, finding in healthy.items() if not name.startswith("line ")} == {
        "settings": Result.WARNING,  # It is not production.
        **dict.fromkeys(("database", "schema", "rights", "pooler", "notifications"), Result.OK),
        **dict.fromkeys(("secret key", "worker"), Result.OK),
    }
    line = next(finding for name, finding in healthy.items() if name.startswith("line "))
    assert line.result is Result.FAILED, "its carrier does not run"

    other_key = service_settings(settings.data_dir, secret_key="another key")
    assert (await checked(other_key, urls))["secret key"].message == (
        "The credentials of 1 lines do not open: enter them again."
    )
    as_owner = DatabaseUrls(urls.owner, owner=urls.owner, listening=urls.owner)
    rights = (await checked(settings, as_owner))["rights"]
    assert (rights.result, "audit entries" in rights.message) == (Result.WARNING, True)
    await asyncio.to_thread(execute, urls.owner, "REVOKE SELECT ON messages FROM messenger_app")
    rights = (await checked(settings, urls))["rights"]
    assert (rights.result, rights.message) == (Result.FAILED, "The role messenger_app cannot read messages.")


async def test_a_direct_url_to_another_database_is_found(
    clone: postgres.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.check.NOTIFICATION_SECONDS", 0.3)
    other = clone.admin_url.replace(f"/{clone.name}?", "/postgres?")
    urls = DatabaseUrls(clone.url, owner=clone.owner_url, listening=other)
    found = await checked(service_settings(tmp_path), urls)
    assert found["notifications"].result is Result.FAILED


def test_the_command_exits_1_and_says_the_same_as_json(
    clone: postgres.Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(clone.owner_url, "UPDATE alembic_version SET version_num = '0001'")
    code, out, _ = run(monkeypatch, capsys, "check", "--no-network", url=clone.url)
    lines = {line.split()[1]: line.split()[0] for line in out.splitlines()}
    assert (code, lines["database"], lines["schema"]) == (1, "ok", "failed")
    code, out, _ = run(monkeypatch, capsys, "check", "--no-network", "--json", url=clone.url)
    document = json.loads(out)
    assert (code, document["ok"]) == (1, False)
    assert {each["check"]: each["result"] for each in document["checks"]} == lines

    for url, check in ((f"{clone.url}&sslmod=require", "settings"), (clone.url.replace(clone.name, "no"), "database")):
        code, out, _ = run(monkeypatch, capsys, "check", "--json", url=url)
        failed = [each["check"] for each in json.loads(out)["checks"] if each["result"] == "failed"]
        assert (code, failed) == (1, [check])


async def test_organizations_are_listed_in_pages_with_their_sizes(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("api.organization_list.PAGE", 2)
    await asyncio.to_thread(
        execute,
        world.service.urls.owner_url,
        "INSERT INTO organizations (id, slug, name, country, timezone)"
        " SELECT gen_random_uuid(), 'empty-' || n, 'Empty', 'US', 'UTC' FROM generate_series(1, 4) AS n",
    )
    found = [each async for each in organization_summaries(world.service.database)]
    assert [each.slug for each in found] == sorted(each.slug for each in found)
    assert len(found) == 5
    gym = next(each for each in found if each.id == world.organization_id)
    assert gym.staff > 0
    assert gym.lines == 1
    assert {(each.staff, each.lines, each.last_text_at) for each in found if each is not gym} == {(0, 0, None)}

    code, out, _ = await asyncio.to_thread(
        run, monkeypatch, capsys, "list-organizations", "--json", url=world.service.urls.url
    )
    assert code == 0
    assert [json.loads(line)["slug"] for line in out.splitlines()] == [each.slug for each in found]
