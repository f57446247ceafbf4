"""Try an install outside of a checkout: `smoke.py /path/to/messenger`.

`messenger up` runs in an empty folder with an empty environment. Its pages are read, a person of the demo signs in and
sends a text, and the carrier simulator delivers it. Exits with 1 and one line if something of that fails.
"""

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

START_SECONDS, DELIVERY_SECONDS, STOP_SECONDS, POLL_SECONDS = 90.0, 30.0, 30.0, 0.1
PRINTED = re.compile(r"business “(.+)” with the password (\S+) as\n +(\S+)")


class Failed(Exception):
    """The install does not work."""


class Browser:
    """Requests to one address, with its cookies."""

    def __init__(self, address: str) -> None:
        self._address = address
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)

    def text(self, path: str, body: object = None) -> str:
        """What GET answers, or POST if there is a body. Raises OSError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Origin": self._address, "Idempotency-Key": str(uuid.uuid4())}
        request = urllib.request.Request(self._address + path, data, headers if data else {})  # noqa: S310
        with self._opener.open(request, timeout=10) as answer:
            read: str = answer.read().decode()
            return read

    def json(self, path: str, body: object = None) -> Any:
        return json.loads(self.text(path, body))


def main() -> int:
    messenger = Path(sys.argv[1]).absolute()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="messenger-smoke-") as folder:
        port, carrier_port = free_port(), free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "MESSENGER_PORT": str(port),
            "MESSENGER_SIMULATOR_PORT": str(carrier_port),
        }
        log = Path(folder) / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [str(messenger), "up"], cwd=folder, env=environment, stdout=output, stderr=output
            )
        try:
            try_product(Browser(f"http://127.0.0.1:{port}"), process, log)
        except (Failed, OSError, LookupError, ValueError) as error:
            print(*log.read_text().splitlines()[-30:], f"{messenger}: {error!r}", sep="\n", file=sys.stderr)
            return 1
        finally:
            stop(process)
    print(f"{messenger} up: serves, signs in and delivers a text ({time.monotonic() - started:.1f} s)")
    return 0


def try_product(browser: Browser, process: subprocess.Popen[bytes], log: Path) -> None:
    """Raises Failed, or what a request raises."""

    def is_up() -> bool:
        if process.poll() is not None:
            raise Failed(f"it ended with exit code {process.returncode}")
        return PRINTED.search(log.read_text()) is not None

    eventually("it was up", START_SECONDS, is_up)
    browser.text("/readyz")
    page = browser.text("/")
    for asset in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page) or [""]:
        if not asset or not browser.text(asset):
            raise Failed(f"/ is not the app: {page[:200]}")
    if "/assets/docs" not in browser.text("/docs"):
        raise Failed("/docs is not the API reference")
    organization, password, email = PRINTED.findall(log.read_text())[0]
    browser.text("/api/v1/session", {"organization": organization, "email": email, "password": password})
    message = text_somebody(browser)
    eventually("the text was delivered", DELIVERY_SECONDS, lambda: browser.json(message)["status"] == "delivered")


def text_somebody(browser: Browser) -> str:
    """Text the first conversation that may be texted. Returns the message's path."""
    for conversation in browser.json("/api/v1/conversations")["items"]:
        try:
            sent = browser.json(f"/api/v1/conversations/{conversation['id']}/messages", {"body": "Class is on."})
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise
        else:
            return f"/api/v1/messages/{sent['id']}"
    raise Failed("no conversation of the demo may be texted")


def eventually(what: str, seconds: float, check: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not check():
        if time.monotonic() > until:
            raise Failed(f"{seconds:.0f} s have passed before {what}")
        time.sleep(POLL_SECONDS)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
