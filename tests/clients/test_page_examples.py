"""What the pages on webhooks, the sandbox and imports show, and the READMEs of the clients, runs against a service."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.conftest import Running
from tests.support.postgres import PROJECT
from tests.support.stack import eventually, free_port

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

NODE = Path(sys.executable).parent / "node"
TYPESCRIPT = PROJECT / "clients" / "typescript"
PYTHON_PATH = {"PYTHONPATH": str(PROJECT / "clients" / "python" / "src"), "PYTHONUNBUFFERED": "1"}


def blocks(page: str, language: str = "") -> list[str]:
    """The blocks of a page that name this language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (PROJECT / page).read_text(), re.MULTILINE | re.DOTALL)


def with_values(text: str, values: dict[str, str]) -> str:
    """A block with values of this test in the place of its own."""
    for shown, value in values.items():
        assert shown in text, f"{shown} is not in the block."
        text = text.replace(shown, value)
    return text


@asynccontextmanager
async def started(*command: str, folder: Path, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def output(*command: str, folder: Path, **environment: str) -> str:
    """What a program that succeeds prints."""
    async with started(*command, folder=folder, **environment) as process:
        printed = (await process.communicate())[0].decode()
    assert process.returncode == 0, printed
    return printed


async def shell(script: str, running: Running, folder: Path) -> Any:
    """The JSON that curl is answered."""
    script = script.replace("curl ", "curl --fail-with-body --silent --show-error ")
    return json.loads(await output("sh", "-euc", script, folder=folder, URL=running.url, KEY=running.key))


@pytest.fixture
def packages(tmp_path: Path) -> Any:
    """A folder where a program in TypeScript finds the packages of the client."""
    folder = TYPESCRIPT / f".examples-{os.getpid()}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


# Receivers of webhooks.


@dataclass(frozen=True)
class Receiver:
    page: str
    language: str
    shown: dict[str, str]
    """What stands on the page for the secret and the port."""
    name: str
    command: tuple[str, ...]


RECEIVERS = {
    "python": Receiver(
        "docs/webhooks.md",
        "python",
        {"whsec_…": "{secret}"},
        "hooks.py",
        (sys.executable, "-m", "uvicorn", "hooks:app", "--port", "{port}"),
    ),
    "typescript": Receiver(
        "docs/webhooks.md",
        "typescript",
        {"whsec_…": "{secret}", "listen(3000)": "listen({port})"},
        "hooks.ts",
        (str(NODE), "hooks.ts"),
    ),
}


@pytest.mark.parametrize("language", RECEIVERS)
async def test_a_receiver_of_the_page_takes_what_we_sign_and_refuses_anything_else(
    running: Running, language: str, packages: Path
) -> None:
    receiver, port = RECEIVERS[language], free_port()
    address = f"http://127.0.0.1:{port}/hooks"
    made = blocks("docs/webhooks.md")[0]
    places = {"https://texts.example.com": running.url, "https://crm.example.com/hooks": address}
    endpoint = await shell(with_values(made, places), running, packages)
    values = {"secret": endpoint["secret"], "port": str(port)}
    (code,) = blocks(receiver.page, receiver.language)
    shown = {each: value.format_map(values) for each, value in receiver.shown.items()}
    (packages / receiver.name).write_text(with_values(code, shown))
    command = [each.format_map(values) for each in receiver.command]
    async with started(*command, folder=packages, **PYTHON_PATH) as process, httpx.AsyncClient() as client:
        await eventually(lambda: listens(port), "the receiver listens")
        await deliver_a_test(client, running, endpoint["id"])
        forged = {"webhook-id": "1", "webhook-timestamp": "1795849200", "webhook-signature": "v1,AAAA"}
        assert (await client.post(address, content=b'{"type": "forged"}', headers=forged)).status_code == 401
        process.terminate()
        assert process.stdout is not None
        printed = (await process.stdout.read()).decode()
    assert "webhook_endpoint.test" in printed
    assert "forged" not in printed


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def deliver_a_test(client: httpx.AsyncClient, running: Running, endpoint_id: str) -> None:
    endpoint = f"{running.url}/api/v1/webhook-endpoints/{endpoint_id}"
    key = {"Authorization": f"Bearer {running.key}"}
    assert (await client.post(f"{endpoint}/test", headers=key)).status_code == 202

    async def is_taken() -> bool:
        (delivery,) = (await client.get(f"{endpoint}/deliveries", headers=key)).json()["items"]
        assert delivery["state"] in {"pending", "delivered"}, delivery
        return bool(delivery["state"] == "delivered")

    await eventually(is_taken, "the receiver takes the test")


# READMEs of the clients.


async def an_unread_text(running: Running, parent: str) -> None:
    await running.stack.handset_texts(parent, "Hello?")
    query = {"phone_number": parent, "status": "unread"}
    async with running.stack.staff("admin") as admin:

        async def arrived() -> bool:
            return bool((await admin.get("/api/v1/conversations", params=query)).json()["items"])

        await eventually(arrived, "the text is there")


@pytest.mark.parametrize(
    ("page", "language", "command", "parent"),
    [
        ("clients/python/README.md", "python", (sys.executable, "-W", "error", "readme.python"), "+13125550134"),
        ("clients/typescript/README.md", "ts", (str(NODE), "readme.ts"), "+13125550135"),
    ],
)
async def test_what_the_readme_of_a_client_shows_runs(
    running: Running, page: str, language: str, command: tuple[str, ...], parent: str, packages: Path
) -> None:
    await an_unread_text(running, parent)
    (code,) = blocks(page, language)
    values = {"https://sms.example.com": running.url, "mc_…": running.key}
    (packages / f"readme.{language}").write_text(with_values(code, values))

    printed = await output(*command, folder=packages, **PYTHON_PATH)

    assert f"{parent} 1" in printed.splitlines()
    assert printed.splitlines()[-1] == "no_record"


# Pages with requests of curl.


async def test_the_sandbox_line_of_the_page_is_made(running: Running, tmp_path: Path) -> None:
    (command,) = blocks("docs/sandbox.md", "sh")

    line = await shell(command, running, tmp_path)

    assert (line["provider"], line["sandbox"]) == ("sandbox", True)


async def test_the_files_of_the_page_about_imports_are_imported(running: Running, tmp_path: Path) -> None:
    command, contacts, lines, students = blocks("docs/import.md")
    (tmp_path / "families.csv").write_text(contacts)
    first = await shell(command, running, tmp_path)
    assert (first["rows"], first["created"]) == (3, 3)
    (tmp_path / "families.csv").write_text(students)
    second = await shell(command, running, tmp_path)
    assert (second["rows"], second["updated"]) == (3, 3)
    (tmp_path / "families.csv").write_text(lines.replace("\n", "") + "\n")
    third = await shell(with_values(command, {"text/csv": "application/x-ndjson"}), running, tmp_path)
    assert (third["rows"], third["updated"]) == (1, 1)
