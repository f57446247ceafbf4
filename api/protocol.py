"""uvicorn's HTTP protocol with limits on slow and endless headers, and on clients that do not read their answer."""

import array
import fcntl
import json
import termios
from asyncio import TimerHandle, Transport
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.kit.errors import PROBLEM_JSON, HeadersTooLarge, Problem, RequestTimeout
from api.kit.scope import BODY_HAS_ARRIVED

MAX_HEADER_BYTES = 64 * 1024
WRITE_SECONDS = 60.0
"""How long a client may leave its answer unread. Then the connection is dropped."""


QUIET_SECONDS = 2.0
"""During a drain, how long a connection may be without a request until it is closed."""

UNREAD_SECONDS = 0.05
"""Until the next look at a connection whose next request has just arrived."""


@dataclass
class Drain:
    """Shared by the connections of a process."""

    has_begun: bool = False


class _Discarded(list[tuple[bytes, bytes]]):
    """Discards the fields after a body (trailers), which uvicorn would store without a limit. Nobody uses them."""

    def append(self, field: tuple[bytes, bytes]) -> None:
        pass


_DISCARDED = _Discarded()


class DeadlineProtocol(HttpToolsProtocol):
    """HTTP/1.1 with limits on slow clients, and an end of each connection at which no request is lost.

    Answers 408 if a request's headers have not arrived `deadline` seconds after its first byte (slowloris).

    `api.layers.BodyDeadline` limits the body where it is read, because only there a slow client differs from a slow
    application.

    A client may send its next request on an open connection at any moment; if the service closed it then, the request
    would fail. So during a drain the next answer says `Connection: close`, and only a connection that has been quiet
    for a while is closed without it.
    """

    def __init__(self, *args: Any, deadline: float, drain: Drain | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._drain = drain or Drain()
        self._quiet_timer: TimerHandle | None = None
        self._deadline = deadline
        self._header_timer: TimerHandle | None = None
        self._write_timer: TimerHandle | None = None
        self._header_bytes = 0
        self._in_headers = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # As in the class above.
        super().connection_made(transport)
        self._start_header_timer()
        if self._drain.has_begun:
            self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_header_timer()
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_headers and not self._is_idle():
            return
        # The data belongs to incomplete headers, or to a body that nobody reads.
        self._header_bytes += len(data)
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse(HeadersTooLarge("Send at most 64 KiB of headers."))
        elif self._header_timer is None:
            self._start_header_timer()

    def on_message_begin(self) -> None:
        self._in_headers = True
        self._header_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._header_bytes = 0
        self._stop_header_timer()
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self.headers = _DISCARDED
            if self._drain.has_begun:
                self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self.scope[BODY_HAS_ARRIVED] = True  # type: ignore[literal-required]  # A key of our own.
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._drain.has_begun and not self.transport.is_closing():
            self.shutdown()

    def shutdown(self) -> None:
        """Begins the drain of this connection."""
        if self._is_idle():
            self._close_when_quiet(QUIET_SECONDS)
        elif not self.cycle.response_started:
            self.cycle.keep_alive = False
        # Otherwise the answer has promised to keep the connection: see `on_response_complete`.

    def _close_when_quiet(self, seconds: float) -> None:
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
        self._quiet_timer = self.loop.call_later(seconds, self._close_if_quiet)

    def _close_if_quiet(self) -> None:
        self._quiet_timer = None
        if self._in_headers or not self._is_idle() or self.transport.is_closing():
            return  # The answer to the request that has begun ends the connection.
        if _unread_bytes(self.transport):
            self._close_when_quiet(UNREAD_SECONDS)
        else:
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    def _is_idle(self) -> bool:
        """Whether no request is under way."""
        return self.cycle is None or self.cycle.response_complete

    def _start_header_timer(self) -> None:
        self._header_timer = self.loop.call_later(self._deadline, self._headers_are_late)

    def _stop_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _headers_are_late(self) -> None:
        self._header_timer = None
        if self._header_bytes:
            self._refuse(RequestTimeout("The headers did not arrive in time."))
        elif self._is_idle():
            # Browsers open connections in advance. An unused one is closed without an answer.
            self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        """Answers with the problem, unless another answer has started, and closes the connection."""
        if self.transport.is_closing():
            return
        if not self._is_idle():
            self.transport.abort()
            return
        body = json.dumps(problem.body(instance=None)).encode()
        head = (
            f"HTTP/1.1 {problem.status} {problem.title}\r\ncontent-type: {PROBLEM_JSON}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def _unread_bytes(transport: Transport) -> int:
    """How many bytes have arrived that the loop has not read yet."""
    count = array.array("i", [0])
    fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.FIONREAD, count)
    return count[0]
