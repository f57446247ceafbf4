"""A conversation with a parent."""

import pytest

from tests.support.world import World

PARENT = "+13125550101"


@pytest.fixture
async def path(world: World) -> str:
    """The address of the messages of a conversation with one received text."""
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    return f"/api/v1/conversations/{conversation['id']}/messages"
