"""A conversation with an entry, and connections that try to change the log."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from api.kit.connection import plain_url
from tests.audit.verifying import PARENT
from tests.support.world import World


@pytest.fixture
async def conversation(world: World) -> dict[str, Any]:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "Hello?")
    return await world.conversation(PARENT)


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
