"""What is generated of the client libraries, made anew if openapi.json has changed."""

import os
import subprocess

from tests.support.postgres import PROJECT


def make_clients() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    subprocess.run(["make", "--silent", "--no-print-directory", ".clients"], cwd=PROJECT, check=True, env=environment)
