"""The whole service as real processes, started once for a file of tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support import postgres
from tests.support.stack import Stack


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    clone = postgres.clone_database(template)
    async with Stack.running(clone, tmp_path_factory.mktemp("stack"), send_lease_seconds="2") as running:
        yield running
    postgres.drop_database(clone)
