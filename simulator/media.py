"""Pictures: what the carrier holds, how it hands them out, and how it fetches those that a business sends."""

import asyncio
import functools
import ipaddress
import mimetypes
import ssl
from urllib.parse import urlsplit

import httpx
from starlette.responses import Response

from simulator.model import Media
from simulator.state import StoredMedia, origin

LARGEST = 5 * 1024 * 1024
"""Bytes of one picture: Twilio's limit of a message, the most generous of the providers'."""

_SHOWN_AS_IS = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_SECONDS = 10.0


def content_response(stored: StoredMedia) -> Response:
    """The content. A browser shows a picture, and only saves anything else."""
    headers = {
        "content-type": stored.content_type.encode("latin-1", "replace").decode("latin-1"),
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
    }
    if stored.content_type not in _SHOWN_AS_IS:
        headers["content-disposition"] = "attachment"
    return Response(stored.content, headers=headers)


class NotFetchedError(Exception):
    """A picture cannot be had. The message says why."""


async def fetch(media: Media, *, api_url: str | None, allowed: frozenset[str]) -> tuple[bytes, str]:
    """Content and content type. Raises NotFetchedError. Asks only addresses that are on this machine or among
    `allowed` (origins); those of `allowed` are at `api_url` where one is set."""
    url = _source(media.url, api_url=api_url, allowed=allowed)
    headers = {"Host": urlsplit(media.url).netloc}
    try:
        async with (
            asyncio.timeout(_SECONDS),
            httpx.AsyncClient(timeout=_SECONDS, verify=_tls(), trust_env=False) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise NotFetchedError(f"answered {response.status_code}")
            content = b""
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > LARGEST:
                    raise NotFetchedError(f"larger than {LARGEST} bytes")
    except (httpx.HTTPError, httpx.InvalidURL, AttributeError, TimeoutError) as error:
        # anyio raises AttributeError when the other side is killed between connecting and the first byte.
        raise NotFetchedError(f"{type(error).__name__}: {error}".rstrip(": ")) from error
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return content, content_type or media.content_type


def guess_type(url: str) -> str:
    return mimetypes.guess_type(urlsplit(url).path)[0] or "application/octet-stream"


@functools.cache
def _tls() -> ssl.SSLContext:
    """Made once: to load the certificates takes longer than to fetch a picture."""
    return ssl.create_default_context()


def _source(url: str, *, api_url: str | None, allowed: frozenset[str]) -> str:
    parts = urlsplit(url)
    if origin(url) in allowed:
        return url if api_url is None else api_url + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if is_loopback(parts.hostname or ""):
        return url
    raise NotFetchedError(f"{parts.netloc} is not configured, so nothing is fetched there")


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
