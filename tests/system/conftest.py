"""The whole service as real processes, started once for a file of tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support import postgres
from tests.support.stack import Stack


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(
    request: pytest.FixtureRequest, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stack]:
    """A worker's lease is short, so that a crash is found soon. `SEND_LEASE_SECONDS` of the file is another.

    On a busy machine a worker that lives may come too late for a short one: it does not post then, and claims again.
    """
    lease = getattr(request.module, "SEND_LEASE_SECONDS", 2)
    clone = postgres.clone_database(template)
    async with Stack.running(clone, tmp_path_factory.mktemp("stack"), send_lease_seconds=str(lease)) as running:
        yield running
    postgres.drop_database(clone)
