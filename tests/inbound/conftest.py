"""The owner of the database, who can make it refuse what no code foresaw; and providers to talk to."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from api.kit.connection import plain_url
from tests.providers.conftest import start
from tests.support.world import World

__all__ = ["owner", "start"]


@pytest.fixture
async def owner(world: World) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(plain_url(world.service.urls.owner_url))
    yield connection
    await connection.close()
