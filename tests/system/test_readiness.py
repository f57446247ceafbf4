"""`/readyz`: the database is there, and its schema is one that this version can serve. It needs no worker."""

import asyncio

from api.migrate import expected_revision
from tests.support.statements import execute
from tests.support.world import World


async def as_owner(world: World, statement: str) -> None:
    await asyncio.to_thread(execute, world.service.urls.owner_url, statement)


async def test_readyz_says_to_migrate_while_the_schema_is_behind(world: World) -> None:
    client = world.other_client()
    assert (await client.get("/readyz")).status_code == 200, "There is no worker, and webhooks must be accepted."
    await as_owner(world, "UPDATE alembic_version SET version_num = '0001'")

    refused = await client.get("/readyz")

    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/unavailable")
    assert refused.json()["detail"] == (
        f"The database's schema is at 0001, and this version needs {expected_revision()}. Run `messenger migrate`."
    )
    assert "retry-after" in refused.headers
    assert (await client.get("/healthz")).status_code == 200


async def test_readyz_of_a_database_that_the_migrations_did_not_make_says_so(world: World) -> None:
    for statement in ("DELETE FROM alembic_version", "DROP TABLE alembic_version"):
        await as_owner(world, statement)
        refused = await world.other_client().get("/readyz")
        assert refused.status_code == 503
        assert "holds tables that Messenger Center did not make." in refused.json()["detail"]
