"""Asks the process of this container for its health: exit code 0 if it answers 200, else 1 and a line that says why."""

import http.client
import os
import sys


def main() -> int:
    port = os.environ.get("MESSENGER_WORKER_PORT") or os.environ.get("MESSENGER_PORT") or "8000"
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=4)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except OSError as error:
        print(f"/healthz on port {port}: {error}")
        return 1
    print(f"/healthz on port {port}: {status}")
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
