"""The database's processes that work for a service, and how one is cut off."""

from collections.abc import Iterable

from tests.support.stack import eventually
from tests.support.world import World


async def waiting_backends(world: World) -> list[int]:
    """The processes that wait for a lock."""
    found = await world.rows(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return [row[0] for row in found]


async def until_it_waits(world: World) -> list[int]:
    """Wait until something waits for a lock; the processes that do."""

    async def waits() -> bool:
        return len(await waiting_backends(world)) > 0

    await eventually(waits, "something waits for a lock")
    return await waiting_backends(world)


async def cut(world: World, backends: Iterable[int]) -> None:
    """End them in the middle of what they do: whom they work for loses the connection."""
    for pid in backends:
        await world.rows("SELECT pg_terminate_backend(:pid)", pid=pid)
