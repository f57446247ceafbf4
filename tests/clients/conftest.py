"""The client libraries against the service as real processes. What is generated of them is made first."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support import postgres
from tests.support.client_packages import make_clients
from tests.support.stack import Stack

make_clients()  # The modules of this folder import it.


@dataclass(frozen=True)
class Running:
    stack: Stack
    url: str
    key: str
    """Of an integration that may do everything."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    clone = postgres.clone_database(template)
    folder: Path = tmp_path_factory.mktemp("stack")
    async with Stack.running(clone, folder, send_lease_seconds="10") as stack:
        async with stack.staff("admin") as admin:
            permissions = ["sms_logs", "mass_text", "directory", "administration"]
            made = await admin.post("/api/v1/api-keys", json={"name": "Integration", "permissions": permissions})
            assert made.status_code == 201, made.text
        yield Running(stack, stack.api_url, made.json()["key"])
    postgres.drop_database(clone)
