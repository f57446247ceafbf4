"""An HTTP relay in front of a service that loses answers, or answers in its place: a bad network, and a proxy."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

NOT_PASSED_ON = {"transfer-encoding", "connection", "content-length", "content-encoding", "server", "date"}


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Relay:
    url: str
    seen: list[Seen] = field(default_factory=list)
    """Every request, in order."""
    loses: int = 0
    """So many of the next requests are passed on, and the connection ends before their answer."""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status and headers of the next requests, which are not passed on."""


@contextmanager
def relay_to(url: str, *, tls: ssl.SSLContext | None = None) -> Iterator[Relay]:
    """`tls`: of a server. The relay is at `localhost` then."""
    relay = Relay("")
    with httpx.Client(base_url=url, timeout=30) as service:

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.pop("content-length", 0)))
                relay.seen.append(Seen(self.command, self.path, headers))
                if relay.answers:
                    status, more = relay.answers.pop(0)
                    self.answer(status, more, b"<html>The proxy speaks.</html>")
                    return
                headers.pop("connection", None)
                answer = service.request(self.command, self.path, content=body, headers=headers | {"host": url[7:]})
                if relay.loses:
                    relay.loses -= 1
                    self.close_connection = True
                    return
                kept = {name: value for name, value in answer.headers.items() if name not in NOT_PASSED_ON}
                self.answer(answer.status_code, kept, answer.content)

            def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815  # The names that it looks for.

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        relay.url = f"http://127.0.0.1:{server.server_port}"
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
            relay.url = f"https://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, name="relay")
        thread.start()
        try:
            yield relay
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
