"""Responses of every kind: security headers, compression, files of the app, unknown paths, well-known addresses."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api.compression import chosen_encoding
from api.layers import HSTS, SECURITY_HEADERS
from api.spa import DIST
from tests.support import postgres
from tests.support.server import serving
from tests.support.service import Service, service_settings
from tests.support.world import World

API = "/api/v1"
ALL_KINDS = "br, gzip"
SECURITY = {name.decode(): value.decode() for name, value in SECURITY_HEADERS}


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator's browser at a real socket. Requests accept no encoding unless they say so."""
    headers = {"Accept-Encoding": "identity", "Origin": world.service.settings.public_base_url}
    async with serving(world) as url, httpx.AsyncClient(base_url=url, cookies=world.admin.cookies) as each:
        each.headers = httpx.Headers(headers)
        yield each


def built(suffix: str) -> str:
    """The path of a file of the build that has compressed copies."""
    file = max((DIST / "assets").glob(f"index-*{suffix}"), key=lambda each: each.stat().st_size)
    return f"/assets/{file.name}"


def copy_of(path: str, suffix: str = "") -> bytes:
    """The bytes of a file of the build, or of its compressed copy."""
    return (DIST / (path.removeprefix("/") + suffix)).read_bytes()


async def raw(client: httpx.AsyncClient, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """A response and its body as it came, not decoded."""
    async with client.stream(
        "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    ) as response:
        return response, b"".join([chunk async for chunk in response.aiter_raw()])


async def many_families(world: World) -> str:
    """The address of a list that is worth compressing."""
    for number in range(8):
        await world.family(f"Jones {number}", f"+131255501{number:02}")
    return f"{API}/families"


# Headers of every response.

REQUESTS: Mapping[str, tuple[str, str, int]] = {
    "page": ("GET", "/messenger", 200),
    "unknown page": ("GET", "/wp-login.php", 404),
    "API reference": ("GET", "/docs", 200),
    "asset": ("GET", "{script}", 200),
    "unknown asset": ("GET", "/assets/nothing.js", 404),
    "icon": ("GET", "/favicon.ico", 200),
    "document": ("GET", "/openapi.json", 200),
    "answer": ("GET", f"{API}/me", 200),
    "export": ("GET", f"{API}/audit-entries/export.csv", 200),
    "stream": ("HEAD", f"{API}/events", 200),
    "unknown route": ("GET", f"{API}/nothing", 404),
    "wrong method": ("DELETE", f"{API}/me", 405),
    "invalid body": ("POST", f"{API}/families", 422),
    "invalid query": ("GET", f"{API}/families?limit=x", 422),
    "webhook": ("POST", "/webhooks/nobody/1/inbound", 422),
    "liveness": ("GET", "/healthz", 200),
    "readiness": ("GET", "/readyz", 200),
    "metrics": ("GET", "/metrics", 200),
    "robots": ("GET", "/robots.txt", 200),
    "no contact": ("GET", "/.well-known/security.txt", 404),
    "redirect": ("GET", "/.well-known/change-password", 302),
    "wrong range": ("GET", "{script}", 416),
}


async def test_every_kind_of_response_has_the_security_headers(client: httpx.AsyncClient) -> None:
    for kind in REQUESTS:
        await check_headers(kind, client)


async def check_headers(kind: str, client: httpx.AsyncClient) -> None:
    method, path, status = REQUESTS[kind]
    headers = {"Range": "bytes=99999999-"} if status == 416 else {"Content-Type": "application/json"}
    response = await client.request(method, path.format(script=built(".js")), content=b"{}", headers=headers)
    assert (kind, response.status_code) == (kind, status)
    found = [(name.decode().lower(), value.decode()) for name, value in response.headers.raw]
    for name, value in SECURITY.items():
        assert [each for each in found if each[0] == name] == [(name, value)], "Once, and this."
    if status >= 400:
        cache = response.headers["cache-control"]
        assert cache == ("no-cache" if kind == "unknown page" else "no-store"), "A mistake is not remembered."
        is_page = kind in ("unknown page", "wrong range")
        assert is_page or response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"not http at all\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431), (b"GET / HTT", 408)],
)
async def test_an_answer_of_the_protocol_itself_has_the_security_headers(
    sent: bytes, status: int, clone: postgres.Database, tmp_path: Path
) -> None:
    settings = service_settings(tmp_path, request_deadline_seconds=0.2)
    async with Service.running(settings, clone) as service, serving(await World.create(service)) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        writer.write(sent)
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
    lines = head.split("\r\n")
    assert lines[0].split()[1] == str(status)
    assert {f"{name}: {value}" for name, value in SECURITY.items()} | {"cache-control: no-store"} <= set(lines)
    assert json.loads(body)["status"] == status


async def test_the_protocol_answers_with_hsts_where_the_service_is_reached_over_https() -> None:
    from api.protocol import Drain
    from api.serve import _options
    from api.settings import load_settings

    for url, is_there in (("https://texts.example.com", True), ("http://texts.example.com", False)):
        http = _options(load_settings(public_url=url), Drain())["http"]
        assert (HSTS in http.keywords["headers"]) is is_there  # type: ignore[attr-defined]


# Compression of answers.


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("br, gzip", "br"),
        ("gzip, br", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip;q=0, br;q=0", None),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("*;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("gzip;q=much", None),
        ("gzip;q=nan", None),
        ("deflate, zstd", None),
        (",,;;=,", None),
    ],
)
def test_the_encoding_is_one_that_the_client_accepts(accept: str | None, chosen: str | None) -> None:
    assert chosen_encoding(accept, ("br", "gzip")) == chosen


async def test_a_long_answer_is_compressed_where_the_client_accepts_it(world: World, client: httpx.AsyncClient) -> None:
    path = await many_families(world)
    plain, expected = await raw(client, path)
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    packed, body = await raw(client, path, Accept_Encoding="gzip, deflate, br")
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert packed.headers["content-type"] == "application/json"
    assert gzip.decompress(body) == expected
    assert int(packed.headers["content-length"]) == len(body) < len(expected) / 3
    head = await client.head(path, headers={"Accept-Encoding": "gzip"})
    for name in ("content-encoding", "content-length", "vary"):
        assert head.headers[name] == packed.headers[name]


async def test_short_answers_refused_encodings_and_other_sites_get_no_compression(
    world: World, client: httpx.AsyncClient
) -> None:
    path = await many_families(world)
    gzip_only = {"Accept_Encoding": "gzip"}
    for address, headers in (
        (f"{API}/indicator", gzip_only),
        (f"{API}/nothing", gzip_only),
        (path, {"Accept_Encoding": "gzip;q=0"}),
        # A page of another site must not learn lengths from what it makes the browser ask for (BREACH).
        (path, gzip_only | {"Sec_Fetch_Site": "cross-site"}),
    ):
        response, body = await raw(client, address, **headers)
        assert "content-encoding" not in response.headers
        assert json.loads(body)
    # An answer to a change may hold a new secret.
    body_of = {"name": "Help desk " * 9, "permissions": ["sms_logs"]}
    made = await client.post(f"{API}/api-keys", json=body_of, headers={"Accept-Encoding": "gzip"})
    assert (made.status_code, made.headers.get("content-encoding")) == (201, None)


async def test_an_export_is_compressed_as_it_is_read(world: World, client: httpx.AsyncClient) -> None:
    await many_families(world)
    response, body = await raw(client, f"{API}/audit-entries/export.csv", Accept_Encoding="gzip")
    assert (response.headers["content-encoding"], response.headers["content-type"]) == (
        "gzip",
        "text/csv; charset=utf-8",
    )
    assert "content-length" not in response.headers
    assert gzip.decompress(body).decode("utf-8-sig").count("\n") > 8


async def test_an_event_stream_is_not_compressed_and_each_event_leaves_at_once(
    world: World, client: httpx.AsyncClient
) -> None:
    async with (
        asyncio.timeout(10),
        client.stream("GET", f"{API}/events", headers={"Accept-Encoding": "gzip"}) as stream,
    ):
        assert "content-encoding" not in stream.headers
        assert "vary" not in stream.headers
        chunks = stream.aiter_raw()
        await anext(chunks)
        await world.text("+13125550101", "Hello")
        received = b""
        while b"event: conversation" not in received:
            received += await anext(chunks)


# Files of the app.


@pytest.mark.parametrize("suffix", [".js", ".css"])
async def test_a_file_of_the_app_comes_in_the_encoding_that_the_browser_prefers(
    suffix: str, client: httpx.AsyncClient
) -> None:
    path = built(suffix)
    etags = set()
    for accept, encoding, copy in (
        ("identity", None, ""),
        ("gzip", "gzip", ".gz"),
        ("gzip, deflate, br, zstd", "br", ".br"),
    ):
        response, body = await raw(client, path, Accept_Encoding=accept)
        assert response.headers.get("content-encoding") == encoding
        assert body == copy_of(path, copy)
        assert int(response.headers["content-length"]) == len(body)
        assert (
            response.headers["content-type"]
            == ("text/css" if suffix == ".css" else "text/javascript") + "; charset=utf-8"
        )
        assert response.headers["vary"] == "Accept-Encoding"
        assert "immutable" in response.headers["cache-control"]
        etags.add(etag := response.headers["etag"])
        again, empty = await raw(client, path, Accept_Encoding=accept, If_None_Match=f'"other", W/{etag}')
        assert (again.status_code, empty, again.headers["etag"]) == (304, b"", etag)
        assert (again.headers["vary"], "content-encoding" in again.headers) == ("Accept-Encoding", False)
        head = await client.head(path, headers={"Accept-Encoding": accept})
        assert (head.headers["content-length"], head.headers["etag"]) == (str(len(body)), etag)
    assert len(etags) == 3, "One for each encoding."
    assert gzip.decompress(copy_of(path, ".gz")) == copy_of(path)


async def test_a_range_is_of_the_encoding_that_is_sent(client: httpx.AsyncClient) -> None:
    path = built(".js")
    whole, _ = await raw(client, path, Accept_Encoding="br")
    part, body = await raw(client, path, Accept_Encoding="br", Range="bytes=10-19", If_Range=whole.headers["etag"])
    assert (part.status_code, part.headers["content-encoding"]) == (206, "br")
    packed = copy_of(path, ".br")
    assert (body, part.headers["content-range"]) == (packed[10:20], f"bytes 10-19/{len(packed)}")
    other, body = await raw(client, path, Range="bytes=10-19", If_Range=whole.headers["etag"])
    assert (other.status_code, body) == (200, copy_of(path)), "Nobody joins parts of two encodings."


async def test_what_is_compressed_already_is_not_compressed_again(client: httpx.AsyncClient) -> None:
    font = next((DIST / "assets").glob("*.woff2"))
    response, body = await raw(client, f"/assets/{font.name}", Accept_Encoding=ALL_KINDS)
    assert (response.headers["content-type"], "content-encoding" in response.headers) == ("font/woff2", False)
    assert body == font.read_bytes()
    script = built(".js")
    for copy in (f"{script}.br", f"{script}.gz", "/index.html.br", "/.vite/manifest.json", "/routes.json"):
        assert (copy, (await client.get(copy)).status_code) == (copy, 404)


async def test_the_page_is_revalidated_by_its_content(client: httpx.AsyncClient) -> None:
    page, body = await raw(client, "/messenger", Accept_Encoding="gzip")
    assert zlib.decompress(body, 16 + zlib.MAX_WBITS) == (DIST / "index.html").read_bytes()
    again = await client.get("/families", headers={"Accept-Encoding": "gzip", "If-None-Match": page.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["content-security-policy"] == page.headers["content-security-policy"]


# Unknown paths and well-known addresses.


async def test_the_routes_of_the_app_answer_200_with_the_page_and_any_other_path_404(client: httpx.AsyncClient) -> None:
    page = (DIST / "index.html").read_bytes()
    routes = ["/", "/sign-in", "/messenger", "/messenger/1", "/Families/", "/families/x?tab=1", "/staff/%C3%A9"]
    others = ["/nothing", "/messenger/1/2", "/families//", "/index.html", "/.env", "/%00", "/" + "x" * 5_000, "/api"]
    for status, paths in ((200, routes), (404, [*others, "/$conversationId", "/sign-in/$", "/messenger.", "/é"])):
        for path in paths:
            response = await client.get(path)
            assert (path, response.status_code, response.content) == (path, status, page)
            assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert (await client.get("/nothing", headers={"If-None-Match": "*"})).status_code == 404


async def test_programs_find_what_they_ask_every_site_for(client: httpx.AsyncClient) -> None:
    robots = await client.get("/robots.txt")
    assert robots.text == "User-agent: *\nDisallow: /\n"
    redirect = await client.get("/.well-known/change-password")
    assert (redirect.status_code, redirect.headers["location"]) == (302, "/account")
    probe = await client.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200")
    assert (probe.status_code, probe.headers["content-type"]) == (404, "application/problem+json")
    icon = await client.get("/favicon.ico")
    assert (icon.headers["content-type"], icon.content[:4]) == ("image/x-icon", b"\x00\x00\x01\x00")


async def test_security_txt_names_the_contact_and_expires_within_a_year(
    clone: postgres.Database, tmp_path: Path
) -> None:
    settings = service_settings(
        tmp_path, security_contact="security@example.com", public_url="https://texts.example.com:8443/path"
    )
    async with Service.running(settings, clone) as service:
        answer = await service.client().get("/.well-known/security.txt")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:security@example.com"
    assert fields["Canonical"] == "https://texts.example.com:8443/.well-known/security.txt"
    left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=30) < left < timedelta(days=365)
