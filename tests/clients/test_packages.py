"""The packages as `make clients` builds them, installed into empty environments and used against the service."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import Running
from tests.support.postgres import PROJECT

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

BIN = Path(sys.executable).parent
VERSION = json.loads((PROJECT / "openapi.json").read_text())["info"]["version"]
IN_PYTHON = """
import os
from messenger_center_client import VERSION, MessengerClient, iterate

with MessengerClient(os.environ["MESSENGER_URL"], os.environ["MESSENGER_KEY"]) as client:
    print(VERSION, [line.label for line in iterate(client.list_lines)])
"""
IN_TYPESCRIPT = """
import { MessengerClient, VERSION } from "messenger-center-client";

const client = new MessengerClient(process.env.MESSENGER_URL!, process.env.MESSENGER_KEY!);
const labels: string[] = [];
for await (const line of client.iterate("/api/v1/lines")) labels.push(line.label);
console.log(VERSION, JSON.stringify(labels).replaceAll('"', "'"));
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = "import clients, pathlib, sys; clients.DIST = pathlib.Path(sys.argv[1]); clients.build()"
    run(sys.executable, "-c", command, str(folder), folder=PROJECT / "scripts")
    return folder


async def test_the_wheels_work_in_an_empty_environment(running: Running, dist: Path, tmp_path: Path) -> None:
    uv = ("sh", str(PROJECT / "scripts" / "uv.sh"))
    names = [f"messenger_center_{name}-{VERSION}-py3-none-any.whl" for name in ("client", "mcp")]
    wheels = [str(dist / each) for each in names]
    await asyncio.to_thread(run, *uv, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "venv"))
    python = str(tmp_path / "venv" / "bin" / "python")
    locked = str(PROJECT / "requirements" / "dev.lock")
    install = ("pip", "install", "--quiet", "--python", python, "--constraint", locked)
    await asyncio.to_thread(run, *uv, *install, *wheels)
    output = await asyncio.to_thread(run, python, "-W", "error", "-c", IN_PYTHON, folder=tmp_path, running=running)
    assert output == f"{VERSION} ['Front desk']\n"
    server = str(tmp_path / "venv" / "bin" / "messenger-center-mcp")
    done = await asyncio.to_thread(subprocess.run, [server], env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "messenger-center-mcp: set MESSENGER_URL and MESSENGER_API_KEY\n")


async def test_the_tarball_works_and_has_types_in_an_empty_project(
    running: Running, dist: Path, tmp_path: Path
) -> None:
    (tmp_path / "package.json").write_text('{"type": "module", "private": true}')
    (tmp_path / "program.ts").write_text(IN_TYPESCRIPT)
    tarball = str(dist / f"messenger-center-client-{VERSION}.tgz")
    quiet = ("--silent", "--prefer-offline", "--no-audit", "--no-fund")
    await asyncio.to_thread(run, str(BIN / "npm"), "install", *quiet, tarball, folder=tmp_path)
    output = await asyncio.to_thread(run, str(BIN / "node"), "program.ts", folder=tmp_path, running=running)
    assert output == f"{VERSION} ['Front desk']\n"
    compiler = PROJECT / "clients" / "typescript" / "node_modules" / "typescript" / "bin" / "tsc"
    types = ("--typeRoots", str(compiler.parents[2] / "@types"), "--types", "node")
    options = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022", *types)
    await asyncio.to_thread(run, str(BIN / "node"), str(compiler), *options, "program.ts", folder=tmp_path)


def run(*command: str, folder: Path = PROJECT, running: Running | None = None) -> str:
    """What it prints. Fails the test with it unless the program ends with 0."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    if running is not None:
        environment |= {"MESSENGER_URL": running.url, "MESSENGER_KEY": running.key}
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
