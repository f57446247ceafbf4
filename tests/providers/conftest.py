"""Providers to talk to."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from api.settings import Settings
from tests.providers.peer import TOKEN_PATH, Answer, Peer, Start, disconnect
from tests.support.service import service_settings


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a peer that gives each request the same answer. It stops with the test."""
    running: list[tuple[asyncio.Server, set[asyncio.Task[None]]]] = []

    async def starting(answer: Answer) -> Peer:
        peer = Peer(answer)
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.get_running_loop().create_task(peer.serve(reader, writer)))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        running.append((server, tasks))
        return peer

    yield starting
    for server, tasks in running:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def peer(start: Start) -> Peer:
    """The provider, whichever it is."""
    return await start(disconnect)


@pytest.fixture
def settings(tmp_path: object, peer: Peer) -> Settings:
    return service_settings(
        tmp_path,
        twilio_api_url=peer.url,
        telnyx_api_url=peer.url,
        bandwidth_api_url=peer.url,
        plivo_api_url=peer.url,
        bandwidth_token_url=f"{peer.url}{TOKEN_PATH}",
    )
