"""The whole service as real processes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import postgres
from tests.support.stack import Stack


@pytest.fixture
async def stack(clone: postgres.Database, tmp_path: Path) -> AsyncIterator[Stack]:
    async with Stack.running(clone, tmp_path, send_lease_seconds="2") as running:
        yield running
