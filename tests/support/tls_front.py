"""TLS in front of a PostgreSQL server whose build has none: the embedded one.

It answers the client's SSLRequest as a server does, ends TLS, and passes every byte of the session on. A session
without TLS is passed on too.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
CANCELLED = (OSError, asyncio.IncompleteReadError)


class TlsFront:
    def __init__(self, certificate: Path, key: Path, backend_port: int) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, key)
        self._tls.set_alpn_protocols(["postgresql"])
        self._backend_port = backend_port
        self.encrypted = 0
        """Sessions with TLS so far."""
        self.port = 0

    async def serve(self, *, ready: threading.Event, stopping: asyncio.Event) -> None:
        async with await asyncio.start_server(self._session, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await stopping.wait()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(*CANCELLED):
            first = await reader.readexactly(8)
            if first == SSL_REQUEST:
                writer.write(b"S")
                await writer.start_tls(self._tls)
                self.encrypted += 1
                first = b""
            backend_reader, backend_writer = await asyncio.open_connection("127.0.0.1", self._backend_port)
            backend_writer.write(first)
            await asyncio.gather(_pass_on(reader, backend_writer), _pass_on(backend_reader, writer))
        writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(*CANCELLED):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextmanager
def tls_front(certificate: Path, key: Path, backend_port: int) -> Iterator[TlsFront]:
    """Runs in a thread with a loop of its own."""
    front, ready = TlsFront(certificate, key, backend_port), threading.Event()
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(front.serve(ready=ready, stopping=stopping))

    thread = threading.Thread(target=run, name="tls-front")
    thread.start()
    ready.wait()
    try:
        yield front
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
