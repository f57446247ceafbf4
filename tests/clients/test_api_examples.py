"""docs/api.md: what it shows runs, in each of its languages, against a real service and carrier."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import Running
from tests.support.postgres import PROJECT
from tests.support.stack import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

PAGE = (PROJECT / "docs" / "api.md").read_text()
BIN = Path(sys.executable).parent
TYPESCRIPT = PROJECT / "clients" / "typescript"
PARENT = {"sh": "+13125550131", "python": "+13125550132", "ts": "+13125550133"}


def program(language: str) -> str:
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


async def test_each_job_is_shown_in_each_language() -> None:
    jobs = re.split(r"^## \d+\. ", PAGE, flags=re.MULTILINE)[1:]
    assert len(jobs) == 12
    for job in jobs:
        assert re.findall(r"^```(\w+)$", job, re.MULTILINE) == ["sh", "python", "ts"], job.splitlines()[0]


@pytest.mark.parametrize("language", PARENT)
async def test_the_page_runs(running: Running, language: str, tmp_path: Path) -> None:
    parent = PARENT[language]
    await running.stack.handset_texts(parent, "Is there a class today?")
    async with running.stack.staff("admin") as admin:

        async def arrived() -> bool:
            return bool((await admin.get("/api/v1/conversations", params={"phone_number": parent})).json()["items"])

        await eventually(arrived, "the question is there")
        await run(running, language, tmp_path)

        async def answered() -> bool:
            bodies = [each["body"] for each in await running.stack.handed_over() if each["to"] == parent]
            return bodies == ["Yes, at 5:30."]

        await eventually(answered, "the answer is with the carrier, once")


async def run(running: Running, language: str, folder: Path) -> None:
    environment = {**os.environ, "MESSENGER_URL": running.url, "MESSENGER_KEY": running.key}
    if language == "sh":
        (folder / "api.sh").write_text("set -eu\nstatus=\n" + program(language))
        command = ["sh", "api.sh"]
    elif language == "python":
        environment["PYTHONPATH"] = str(PROJECT / "clients" / "python" / "src")
        (folder / "api.py").write_text(program(language))
        command = [sys.executable, "-W", "error", "api.py"]
    else:
        # A package finds itself by its name.
        folder = TYPESCRIPT / f".examples-{os.getpid()}"
        folder.mkdir()
        (folder / "api.ts").write_text(program(language))
        command = [str(BIN / "node"), "api.ts"]
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output = (await process.communicate())[0].decode()
    finally:
        if language == "ts":
            shutil.rmtree(folder)
    assert process.returncode == 0, output
