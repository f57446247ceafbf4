"""A server under the test's control at the simulator's address: the line of the test's world uses the simulator."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from api.settings import Settings
from tests.providers.peer import Peer, http
from tests.support.service import service_settings


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer(http(404))
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield peer
    server.close()


@pytest.fixture
def settings(tmp_path: object, peer: Peer) -> Settings:
    return service_settings(tmp_path, simulator_port=urlsplit(peer.url).port)
