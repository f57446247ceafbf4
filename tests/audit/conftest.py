"""Who tries to change the log."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from api.kit.connection import plain_url
from tests.support.world import World


@pytest.fixture
async def owner(world: World) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the role that owns the tables."""
    connection = await asyncpg.connect(plain_url(world.service.urls.owner_url))
    yield connection
    await connection.close()


@pytest.fixture
async def forger(world: World) -> AsyncIterator[asyncpg.Connection]:
    """A superuser who has switched the triggers off."""
    connection = await asyncpg.connect(plain_url(world.service.urls.admin_url))
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close()
