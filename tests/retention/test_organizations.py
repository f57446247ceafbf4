"""`messenger delete-organization`: every row of one business goes, none of another's."""

import os
import subprocess
import sys

import asyncpg
import pytest

from api.kit.connection import plain_url
from api.kit.database import Database
from api.kit.errors import Conflict
from api.retention import organizations
from api.tables import metadata
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


def command(world: World, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "MESSENGER_DATABASE_URL": plain_url(world.service.urls.owner_url),
        "MESSENGER_SECRET_KEY": "a key for tests",
        "MESSENGER_LOG_LEVEL": "error",
    }
    return subprocess.run(  # Our own command.
        [sys.executable, "-c", "from api.cli import main; main()", *arguments],
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


async def rows(world: World) -> dict[str, int]:
    """Rows of the world's organization, by table."""
    owner = await asyncpg.connect(plain_url(world.service.urls.owner_url))
    try:
        return {
            table.name: await owner.fetchval(
                f"SELECT count(*) FROM {table.name} WHERE organization_id = $1", world.organization_id
            )
            for table in organizations.owned_tables(metadata)
        }
    finally:
        await owner.close()


async def busy(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "Hello")
    (thread,) = (await world.maria.get(f"{API}/conversations")).json()["items"]
    sent = await world.maria.post(f"{API}/conversations/{thread['id']}/messages", json={"body": "Hi"})
    assert sent.is_success


async def test_a_business_is_deleted_and_its_neighbour_is_untouched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbour = await World.create(world.service, slug="neighbour")
    await busy(world)
    await busy(neighbour)
    before = await rows(neighbour)
    refused = command(world, "delete-organization", "--slug", world.slug, "--yes")
    assert (refused.returncode, refused.stderr) == (
        1,
        f"messenger: 1 texts of “{world.slug}” wait to be sent. Let them go, or give --even-if-queued.\n",
    )
    wrong = command(world, "delete-organization", "--slug", world.slug, typed="other\n")
    assert wrong.returncode == 1
    assert (await world.admin.get(f"{API}/me")).status_code == 200

    # It breaks off after the first batch, and is repeated.
    monkeypatch.setattr(organizations, "BATCH", 1)

    class BrokenOff(Exception):
        pass

    def break_off(_table: str, _rows: int) -> None:
        raise BrokenOff

    async with Database(world.service.urls.owner_url, pool_size=1) as owner:
        found = await organizations.find(owner, world.slug)
        tables = organizations.owned_tables(metadata)
        with pytest.raises(Conflict):
            await organizations.delete_organization(owner, found, tables, even_if_queued=False, on_progress=break_off)
        with pytest.raises(BrokenOff):
            await organizations.delete_organization(owner, found, tables, even_if_queued=True, on_progress=break_off)
    assert (await world.admin.get(f"{API}/me")).status_code == 401
    assert (await world.sign_in(world.other_client(), "ada@gym.test")).status_code == 401
    webhook = {"MessageSid": "SM9", "From": PARENT, "To": "+13125550199", "Body": "Late", "NumMedia": "0"}
    world.service.state.lines.forget_all()
    assert (await world.post_webhook("inbound", webhook)).status_code == 404

    done = command(world, "delete-organization", "--slug", world.slug, "--yes", "--even-if-queued")

    assert done.returncode == 0, done.stderr
    assert not any((await rows(world)).values())
    assert await rows(neighbour) == before
    assert await neighbour.rows("SELECT 1 FROM deleted_organizations WHERE finished_at IS NOT NULL")
    assert not await neighbour.rows("SELECT 1 FROM organizations WHERE slug <> 'neighbour'")
    assert (await neighbour.admin.get(f"{API}/me")).status_code == 200
    again = command(world, "delete-organization", "--slug", world.slug, "--yes")
    assert again.stderr == f"messenger: There is no organization “{world.slug}”.\n"
