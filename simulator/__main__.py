"""`python -m simulator`: a carrier with a page of handsets, to try the application with and to test it."""

import argparse
import contextlib
import dataclasses
import sqlite3
import sys
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from simulator.app import create_server
from simulator.logs import FORMATS, configure_logging
from simulator.settings import AS_PROVIDER, RetryOn, Settings
from simulator.store import Store


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    if given.state is not None:
        try:
            Store(given.state).close()
        except (sqlite3.Error, OSError, ValueError) as error:
            print(f"simulator: cannot keep its state in {given.state}: {error}", file=sys.stderr)
            return 2
    configure_logging(given.log_level, given.log_format)
    server = create_server(_settings(given))
    # Ctrl-C is raised again once everything has stopped.
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else 1


def _settings(given: argparse.Namespace) -> Settings:
    settings = Settings(
        host=given.host,
        port=given.port,
        api_url=given.api_url,
        public_url=given.public_url,
        state_file=given.state,
        seed=given.seed,
        retries=_retries(given),
        retry_on=AS_PROVIDER if given.retry_on is None else frozenset(given.retry_on),
        webhook_connections=given.webhook_connections,
    )
    if not given.fast:
        return settings
    return dataclasses.replace(settings, queued_after=0, sending_after=0, sent_after=0, delivered_after=0)


def _retries(given: argparse.Namespace) -> int | Literal["as_provider"] | None:
    if given.retry_until_answered:
        return None
    return AS_PROVIDER if given.retries is None else int(given.retries)


def _parser() -> argparse.ArgumentParser:
    default = Settings()
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--host", default=default.host)
    parser.add_argument("--port", type=int, default=default.port)
    parser.add_argument(
        "--api-url",
        type=_base_url,
        help="post every webhook here, whatever host its configured address names",
    )
    parser.add_argument("--public-url", type=_base_url, help="this server's address in media links")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the state in this SQLite file")
    parser.add_argument("--seed", type=int, help="of the faults' dice")
    parser.add_argument("--fast", action="store_true", help="deliver without any delay")
    parser.add_argument("--retries", type=int, help="of a webhook (default: as the provider)")
    parser.add_argument("--retry-on", type=RetryOn, choices=list(RetryOn), nargs="+")
    parser.add_argument(
        "--retry-until-answered", action="store_true", help="repeat each webhook until it is answered 2xx"
    )
    parser.add_argument("--webhook-connections", type=int, default=default.webhook_connections)
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    parser.add_argument("--log-format", default="console", choices=FORMATS)
    return parser


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise argparse.ArgumentTypeError(f"{value} is not an http or https address")
    return value.rstrip("/")


if __name__ == "__main__":
    sys.exit(main())
