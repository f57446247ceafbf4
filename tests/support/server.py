"""The world's own application behind a real socket, for what only a connection shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import uvicorn

from api.protocol import DeadlineProtocol
from tests.support.world import World


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[str]:
    """Its address on a free port of the loopback."""
    config = uvicorn.Config(
        world.service.app,
        host="127.0.0.1",
        port=0,
        http=partial(DeadlineProtocol, deadline=world.service.settings.request_deadline_seconds),  # type: ignore[arg-type]
        log_config=None,
        log_level="critical",
        lifespan="off",
    )
    running = uvicorn.Server(config)
    task = asyncio.create_task(running._serve())
    while not running.started:  # noqa: ASYNC110  # The server tells nobody when it is.
        await asyncio.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    world.service.state.hub.close_all()
    running.should_exit = True
    await task
