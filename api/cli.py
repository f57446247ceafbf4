"""The command `messenger`, for operators."""

import sys

import structlog

from api.commands import businesses, processes, upkeep
from api.commands.base import cli

__all__ = ["businesses", "cli", "main", "processes", "upkeep"]

log = structlog.get_logger(__name__)


def main() -> None:
    try:
        cli()
    except Exception:  # Commands print what an operator can mend in one line. This is for everything else.
        log.critical("process.crashed", exc_info=True)
        sys.exit(1)
