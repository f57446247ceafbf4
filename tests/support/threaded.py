"""The service behind a real socket, in a thread and an event loop of its own, for clients that are not async."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from tests.support import postgres
from tests.support.service import Service, service_settings
from tests.support.world import World

Result = TypeVar("Result")

START_SECONDS = 60


@dataclass(frozen=True)
class ThreadedServer:
    url: str
    world: World
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do it where the service lives, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(START_SECONDS)


@contextmanager
def threaded_server(clone: postgres.Database, folder: Path) -> Iterator[ThreadedServer]:
    ready = threading.Event()
    outcome: list[ThreadedServer | BaseException] = []
    running: list[uvicorn.Server] = []

    async def serve() -> None:
        async with Service.running(service_settings(folder), clone) as service:
            config = uvicorn.Config(
                service.app, host="127.0.0.1", port=0, log_config=None, log_level="critical", lifespan="off"
            )
            server = uvicorn.Server(config)
            world = await World.create(service)
            task = asyncio.create_task(server._serve())
            while not server.started:  # noqa: ASYNC110  # The server tells nobody when it is.
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            running.append(server)
            outcome.append(ThreadedServer(f"http://127.0.0.1:{port}", world, asyncio.get_running_loop()))
            ready.set()
            await task

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # Whatever it is, the test that waits must hear of it.
            outcome.append(error)
            ready.set()

    thread = threading.Thread(target=run, name="threaded-server")
    thread.start()
    assert ready.wait(START_SECONDS)
    first = outcome[0]
    if isinstance(first, BaseException):
        thread.join()
        raise first
    try:
        yield first
    finally:
        running[0].should_exit = True
        thread.join()
    for each in outcome[1:]:
        assert isinstance(each, BaseException)
        raise each
