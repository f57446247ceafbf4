"""Fetching a file that a message names, whatever the provider: the same tests, in each provider's dialect.

The address is the peer's word, and so is everything that comes from it.
"""

import asyncio
import gzip
import socket
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from api.providers.media import MAX_REDIRECTS, MediaSource, pinned, places
from api.providers.port import (
    MAX_MEDIA_BYTES,
    FetchedMedia,
    FetchesMedia,
    MediaOutcome,
    MediaRefusal,
    MediaRefused,
    MediaUnavailable,
)
from tests.providers.dialects import every_access
from tests.providers.dialects.dialect import Dialect, line_of
from tests.providers.peer import TOKEN, Answer, Peer, Start, disconnect, hang, http, plain_client, raw_answer, reset
from tests.support.certificates import self_signed

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


async def fetch(dialect: Dialect, base_url: str, url: str, *, client: httpx.AsyncClient | None = None) -> MediaOutcome:
    async with plain_client() as own:
        provider = dialect.provider(client or own, base_url)
        assert isinstance(provider, FetchesMedia)
        return await provider.fetch_media(line_of(dialect), url)


BROKEN = MediaUnavailable("It could not be fetched (RemoteProtocolError).")


def refused(outcome: MediaOutcome) -> MediaRefusal | None:
    return outcome.reason if isinstance(outcome, MediaRefused) else None


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to, in place of the world's DNS; others resolve as they do."""
    told: dict[str, list[str]] = {}
    loop = asyncio.get_running_loop()
    real = loop.getaddrinfo

    async def answer(host: Any, port: Any, **options: Any) -> Sequence[Any]:
        if host in told:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in told[host]]
        return await real(host, port, **options)

    monkeypatch.setattr(loop, "getaddrinfo", answer)
    return told


@pytest.fixture
async def elsewhere(start: Start) -> Peer:
    """Somebody who is nobody's provider, and must never be asked."""
    return await start(http(200, PNG))


# What is fetched


@every_access
async def test_a_file_is_fetched_whole_with_the_providers_credentials(dialect: Dialect, start: Start) -> None:
    peer = await start(http(200, PNG))
    assert await fetch(dialect, peer.url, f"{peer.url}/a/picture?signed=1%2F2") == FetchedMedia(PNG)
    (request,) = peer.requests
    assert request.line == "GET /a/picture?signed=1%2F2 HTTP/1.1"
    assert request.headers.get("authorization") == dialect.media_authorization
    assert request.headers["accept-encoding"] == "identity"


@every_access
async def test_a_file_of_the_largest_size_is_fetched_and_one_byte_more_is_refused(
    dialect: Dialect, start: Start
) -> None:
    peer = await start(http(200, b"x" * MAX_MEDIA_BYTES))
    assert await fetch(dialect, peer.url, f"{peer.url}/a") == FetchedMedia(b"x" * MAX_MEDIA_BYTES)
    peer.answer = http(200, b"x" * (MAX_MEDIA_BYTES + 1))
    assert refused(await fetch(dialect, peer.url, f"{peer.url}/a")) is MediaRefusal.TOO_LARGE


@every_access
async def test_a_body_without_end_is_left_once_it_is_too_large(dialect: Dialect, start: Start) -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()
            sent += 0x10000

    peer = await start(endless)
    assert refused(await fetch(dialect, peer.url, f"{peer.url}/a")) is MediaRefusal.TOO_LARGE
    assert sent < 4 * MAX_MEDIA_BYTES


def lying(length: int, body: bytes) -> Answer:
    return raw_answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + body, then_close=True)


@every_access
async def test_what_the_peer_says_of_the_length_is_never_taken_for_the_length(dialect: Dialect, start: Start) -> None:
    peer = await start(lying(10**12, b"x" * (MAX_MEDIA_BYTES + 70_000)))
    assert refused(await fetch(dialect, peer.url, f"{peer.url}/a")) is MediaRefusal.TOO_LARGE
    peer.answer = lying(len(PNG) + 1, PNG)
    truncated = await fetch(dialect, peer.url, f"{peer.url}/a")
    assert isinstance(truncated, MediaUnavailable), "what broke off is tried again"
    peer.answer = lying(8, PNG)
    assert await fetch(dialect, peer.url, f"{peer.url}/a") == FetchedMedia(PNG[:8])


@every_access
async def test_what_is_compressed_is_counted_and_kept_as_it_came(dialect: Dialect, start: Start) -> None:
    bomb = gzip.compress(b"\x00" * (40 * MAX_MEDIA_BYTES))
    peer = await start(http(200, bomb, "Content-Encoding: gzip"))
    assert await fetch(dialect, peer.url, f"{peer.url}/a") == FetchedMedia(bomb)


@every_access
@pytest.mark.parametrize("status", [404, 410])
async def test_what_the_provider_does_not_have_is_refused(dialect: Dialect, start: Start, status: int) -> None:
    peer = await start(http(status))
    assert refused(await fetch(dialect, peer.url, f"{peer.url}/a")) is MediaRefusal.GONE


@every_access
@pytest.mark.parametrize("status", [204, 206, 304, 401, 403, 408, 429, 500, 502, 503])
async def test_any_other_answer_may_be_tried_again(dialect: Dialect, start: Start, status: int) -> None:
    peer = await start(http(status))
    assert isinstance(await fetch(dialect, peer.url, f"{peer.url}/a"), MediaUnavailable)


@every_access
@pytest.mark.parametrize(
    "answer",
    [
        disconnect,
        reset,
        raw_answer(b"\x00\x01 no HTTP\r\n\r\n", then_close=True),
        http(307),
        http(302, b"", "Location:"),
    ],
    ids=["disconnect", "reset", "no HTTP", "redirect to nowhere", "redirect to itself"],
)
async def test_a_peer_that_fails_is_survived(dialect: Dialect, start: Start, answer: Answer) -> None:
    peer = await start(answer)
    assert not isinstance(await fetch(dialect, peer.url, f"{peer.url}/a"), FetchedMedia)


async def test_a_peer_that_drips_is_left_when_the_time_is_over(start: Start) -> None:
    async def dripping(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    for answer in (dripping, hang):
        peer = await start(answer)
        async with plain_client() as client:
            source = MediaSource(client, places(peer.url), total_seconds=0.3)
            async with asyncio.timeout(5):
                assert isinstance(await source.fetch(f"{peer.url}/a"), MediaUnavailable)


# Where it may lead


@every_access
async def test_redirects_are_followed_a_few_times(dialect: Dialect, start: Start) -> None:
    peer = await start(http(200, PNG))
    left = MAX_REDIRECTS

    async def leading(writer: asyncio.StreamWriter) -> None:
        nonlocal left
        left -= 1
        await (http(307, b"", f"Location: /step/{left}?a=1") if left >= 0 else http(200, PNG))(writer)

    peer.answer = leading
    assert await fetch(dialect, peer.url, f"{peer.url}/a") == FetchedMedia(PNG)
    assert [request.line.split()[1] for request in peer.requests] == ["/a", "/step/2?a=1", "/step/1?a=1", "/step/0?a=1"]
    left = MAX_REDIRECTS + 1
    assert refused(await fetch(dialect, peer.url, f"{peer.url}/a")) is MediaRefusal.ADDRESS


def hostile(elsewhere: Peer) -> list[str]:
    port = elsewhere.url.rpartition(":")[2]
    return [
        f"{elsewhere.url}/a",
        "http://169.254.169.254/latest/meta-data/",
        f"http://localhost:{port}/",
        f"http://[::1]:{port}/",
        f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://2130706433:{port}/",
        f"http://0x7f000001:{port}/",
        f"http://0177.0.0.1:{port}/",
        f"http://127.1:{port}/",
        f"http://api.twilio.com@127.0.0.1:{port}/",
        f"http://127.0.0.1:{port}\\@api.twilio.com/",
        f"http://127.0.0.1:{port}#@api.twilio.com/",
        "http://api.twilio.com/",
        f"https://api.twilio.com:{port}/",
        f"https://user:password@messaging.bandwidth.com:{port}/",
        "https://api.twilio.com.evil.example/",
        "https://metadata.google.internal/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "gopher://127.0.0.1/",
        "http://",
        "http:///",
        "https://[",
        "https://exa mple/",
        "https://\x00/",
        "https://xn--/",
        "https://\udfff/",
        "http://127.0.0.1:99999999/",
        f"http://127.0.0.1:{port}/{'a' * 100_000}",
        "",
    ]


@every_access
async def test_an_address_that_is_not_the_providers_is_never_asked(
    dialect: Dialect, peer: Peer, elsewhere: Peer
) -> None:
    peer.answer = http(200, PNG)
    for url in hostile(elsewhere):
        assert refused(await fetch(dialect, peer.url, url)) is MediaRefusal.ADDRESS, url
    assert (peer.requests, elsewhere.requests) == ([], [])


@every_access
async def test_a_redirect_is_held_to_the_same_and_gets_no_credentials(
    dialect: Dialect, peer: Peer, elsewhere: Peer
) -> None:
    for url in hostile(elsewhere):
        if not url.isprintable() or not 0 < len(url) < 5000:
            continue  # No header can carry it.
        peer.answer = http(307, b"", f"Location: {url}")
        outcome = await fetch(dialect, peer.url, f"{peer.url}/a")
        # The HTTP client itself takes a redirect that cannot be read for a broken answer.
        assert refused(outcome) is MediaRefusal.ADDRESS or outcome == BROKEN, url
    assert elsewhere.requests == []


@every_access
@pytest.mark.parametrize("ip", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1"])
async def test_a_place_of_the_providers_that_resolves_to_a_private_network_is_not_asked(
    dialect: Dialect, start: Start, names: dict[str, list[str]], ip: str
) -> None:
    host = dialect.media_storage
    names[host] = ["8.8.8.8", ip]
    peer = await start(http(307, b"", f"Location: https://{host}/a"))
    assert refused(await fetch(dialect, peer.url, f"{peer.url}/a")) is MediaRefusal.ADDRESS
    assert refused(await fetch(dialect, peer.url, f"https://{host}/a")) is MediaRefusal.ADDRESS


class Wire(httpx.AsyncBaseTransport):
    """The open internet, as far as these tests need it: it notes what is sent where, and leads where it is told."""

    def __init__(self, leads_to: str) -> None:
        self.sent: list[tuple[str, str, str | None, object]] = []
        self._leads_to = leads_to

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json=TOKEN)
        host = request.headers["host"]
        self.sent.append(
            (host, str(request.url), request.headers.get("authorization"), request.extensions.get("sni_hostname"))
        )
        if host == httpx.URL(self._leads_to).host:
            return httpx.Response(200, stream=httpx.ByteStream(PNG))
        return httpx.Response(307, headers={"Location": self._leads_to})


@every_access
async def test_credentials_stay_with_the_provider_and_requests_go_to_the_address_that_was_checked(
    dialect: Dialect, names: dict[str, list[str]]
) -> None:
    api, storage = dialect.media_api, dialect.media_storage
    names |= {api: ["8.8.8.8"], storage: ["8.8.4.4"]}
    wire = Wire(f"https://{storage}/b?x=1")
    async with httpx.AsyncClient(transport=wire) as client:
        base = "https://proxy.example"
        assert await fetch(dialect, base, f"https://{api}/a", client=client) == FetchedMedia(PNG)
    if api == storage:
        assert wire.sent == [(api, "https://8.8.4.4/a", dialect.media_authorization, api)]
        return
    assert wire.sent == [
        (api, "https://8.8.8.8/a", dialect.media_authorization, api),
        (storage, "https://8.8.4.4/b?x=1", None, storage),
    ]


async def test_the_next_address_of_a_host_is_tried_where_one_takes_no_connection() -> None:
    class Half(Wire):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            if request.url.host == "2606:4700::1111":
                raise httpx.ConnectError("no route")
            return response

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["2606:4700::1111", "8.8.8.8"]

    wire = Half("https://media.example/a")
    async with httpx.AsyncClient(transport=wire) as client:
        source = MediaSource(client, places("https://proxy.example", storage_hosts=["media.example"]), resolve=resolve)
        assert await source.fetch("https://media.example/a") == FetchedMedia(PNG)
    assert [url for _, url, _, _ in wire.sent] == ["https://[2606:4700::1111]/a", "https://8.8.8.8/a"]


async def test_a_pinned_request_is_made_under_the_name_and_with_its_certificate(start: Start, tmp_path: Any) -> None:
    """RFC 6066, RFC 9110: the name is what is asked for and what the certificate must carry; the address is ours."""
    asked: list[str | None] = []
    serving, trusting = self_signed("media.example", tmp_path)
    serving.sni_callback = lambda _socket, name, _context: asked.append(name)
    peer = Peer(http(200, PNG))
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=serving)
    port = server.sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(verify=trusting, trust_env=False) as client:
            request = pinned(client.build_request("GET", f"https://media.example:{port}/a"), "127.0.0.1")
            assert (await client.send(request)).content == PNG
            assert (asked, peer.requests[0].headers["host"]) == (["media.example"], f"media.example:{port}")
        async with httpx.AsyncClient(verify=trusting, trust_env=False) as client:
            other = pinned(client.build_request("GET", f"https://other.example:{port}/a"), "127.0.0.1")
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await client.send(other)
    finally:
        server.close()
    assert len(peer.requests) == 1
