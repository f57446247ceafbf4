"""The TypeScript client against the service: `clients/typescript/test`, by Node's test runner."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import Running
from tests.support.postgres import PROJECT

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

NODE = Path(sys.executable).parent / "node"


async def test_the_client_does_what_its_own_tests_say(running: Running) -> None:
    environment = {**os.environ, "MESSENGER_URL": running.url, "MESSENGER_KEY": running.key}
    process = await asyncio.create_subprocess_exec(
        *(str(NODE), "--test", "--test-reporter=tap", "test/client.test.ts"),
        cwd=PROJECT / "clients" / "typescript",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    passed = re.search(r"^# pass (\d+)$", output, re.MULTILINE)
    assert passed is not None, output
    assert int(passed[1]) >= 22, output
