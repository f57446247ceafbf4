"""The code of the previous release, taken from git, with the packages of this checkout."""

import json
import os
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.archives import extract
from tests.support.business import Business
from tests.support.postgres import MIGRATIONS, PROJECT

PATHS = ("api", "demo", "simulator", "migrations", "alembic.ini", "tests/__init__.py", "tests/support")

CREATE_BUSINESS = """
import asyncio, dataclasses, json, os
from api.kit.database import Database
from api.kit.secrets import SecretBox
from api.providers.registry import Providers
from api.settings import load_settings
from tests.support.business import create_business

async def main():
    settings = load_settings()
    providers = Providers(settings)
    async with Database(settings.database_url, pool_size=2) as database:
        secrets = SecretBox(settings.resolved_secret_key())
        business = await create_business(database, providers=providers, secrets=secrets)
    await providers.close()
    print(json.dumps(dataclasses.asdict(business), default=str))

asyncio.run(main())
"""


@dataclass(frozen=True)
class PreviousRelease:
    folder: Path
    schema: str
    """The newest migration that it knows."""

    @classmethod
    def unpacked(cls, folder: Path) -> "PreviousRelease":
        """Fails the test with the command that fetches the release if this clone does not have it."""
        named = tomllib.loads((MIGRATIONS / "previous-release.toml").read_text())
        commit: str = named["commit"]
        if not _has(commit):
            pytest.fail(
                f"This clone does not have the previous release, {named['name']}. Fetch it:"
                f" git fetch --depth=1 origin {commit}"
            )
        archive = subprocess.run(
            ["git", "archive", commit, *PATHS], cwd=PROJECT, check=True, capture_output=True
        ).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            extract(tar, folder)
        return cls(folder=folder, schema=named["schema"])

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        return {**environment, "PYTHONPATH": str(self.folder)}

    def command(self, name: str) -> list[str]:
        """`messenger NAME` of the release."""
        return [sys.executable, "-c", "from api.cli import main; main()", name]

    def create_business(self, environment: Mapping[str, str]) -> Business:
        """As the release does it, on its own schema."""
        done = subprocess.run(
            [sys.executable, "-c", CREATE_BUSINESS],
            env=self.environment(environment),
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        fields = json.loads(done.stdout)
        return Business(
            organization_id=UUID(fields["organization_id"]),
            slug=fields["slug"],
            line_id=UUID(fields["line_id"]),
            staff_ids={name: UUID(value) for name, value in fields["staff_ids"].items()},
            tokens=fields["tokens"],
        )


def _has(commit: str) -> bool:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    found = subprocess.run(
        ["git", "cat-file", "-e", f"{commit}^{{commit}}"],
        cwd=PROJECT,
        env=environment,
        check=False,
        capture_output=True,
    )
    return found.returncode == 0
