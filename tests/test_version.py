"""One version everywhere: `pyproject.toml` says it, and everything else agrees."""

import json
import re
import tomllib

from typer.testing import CliRunner

from api.cli import cli
from tests.support.postgres import PROJECT

VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]


def test_the_command_says_its_version() -> None:
    assert CliRunner().invoke(cli, ["--version"]).output == f"messenger {VERSION}\n"


def test_the_api_the_app_and_the_changelog_have_the_same_version() -> None:
    assert json.loads((PROJECT / "openapi.json").read_text())["info"]["version"] == VERSION
    for name in ("package.json", "package-lock.json"):
        for package in ("frontend", "clients/typescript"):
            assert json.loads((PROJECT / package / name).read_text())["version"] == VERSION
    for client in ("python", "mcp"):
        manifest = tomllib.loads((PROJECT / "clients" / client / "pyproject.toml").read_text())
        assert manifest["project"]["version"] == VERSION
    newest = re.search(r"^## (\S+)", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == VERSION
