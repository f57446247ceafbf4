"""Fetching the files that received messages name. The address, each redirect and the content are untrusted."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence

import httpx

from api.providers.http import CONNECTION_FAILURES
from api.providers.media_rules import Address, MediaPlaces, Place, is_public
from api.providers.port import (
    MAX_MEDIA_BYTES,
    FetchedMedia,
    MediaOutcome,
    MediaRefusal,
    MediaRefused,
    MediaUnavailable,
)

MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({404, 410})
TOTAL_SECONDS = 30.0
"""For one file with all its redirects: a peer that drips bytes holds a worker no longer than this."""

MAX_IPS = 3
"""Addresses of one host that are tried."""

MAX_ADDRESS = 4000
"""Characters. Signed addresses of storage are long, but not endless."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """The IP addresses of a host. Raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def address_of(url: httpx.URL) -> Address:
    return Address(scheme=url.scheme, host=url.raw_host.decode("ascii"), port=url.port, has_userinfo=bool(url.userinfo))


def places(
    base_url: str,
    *,
    api_hosts: Sequence[str] = (),
    storage_hosts: Sequence[str] = (),
    storage_domains: Sequence[str] = (),
) -> MediaPlaces:
    return MediaPlaces(address_of(httpx.URL(base_url)), api_hosts, storage_hosts, storage_domains)


class MediaSource:
    """Fetches files from one provider's places alone. Tests change `total_seconds` and `resolve`."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        places: MediaPlaces,
        *,
        resolve: Resolve = resolve,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._client = client
        self._places = places
        self._resolve = resolve
        self._total_seconds = total_seconds

    async def fetch(self, url: str, *, credentials: Mapping[bytes, bytes] | None = None) -> MediaOutcome:
        """`credentials` are headers for the provider alone: its storage does not get them."""
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._follow(url, credentials or {})
        except TimeoutError:
            return MediaUnavailable(f"It did not come within {self._total_seconds:g} seconds.")
        except (*CONNECTION_FAILURES, OSError) as error:
            return MediaUnavailable(f"It could not be fetched ({type(error).__name__}).")
        except (httpx.InvalidURL, UnicodeError):
            return MediaRefused(MediaRefusal.ADDRESS, "It has no address that can be read.")

    async def _follow(self, first: str, credentials: Mapping[bytes, bytes]) -> MediaOutcome:
        url, target = httpx.URL(), first
        for _ in range(MAX_REDIRECTS + 1):
            if len(target) > MAX_ADDRESS:
                return MediaRefused(MediaRefusal.ADDRESS, "Its address is too long.")
            url = url.join(target)
            place = self._places.place(address_of(url))
            if place is None:
                return MediaRefused(MediaRefusal.ADDRESS, f"{url.host or 'Nowhere'} is not where its files are.")
            headers = credentials if place is not Place.STORAGE else {}
            if place is Place.OPERATORS:
                answer = await self._ask(self._request(url, headers))
            else:
                ips = await self._resolve(url.host, 443)
                if not ips or not all(is_public(ip) for ip in ips):
                    return MediaRefused(MediaRefusal.ADDRESS, f"{url.host} is on no public network.")
                answer = await self._ask_at(ips[:MAX_IPS], url, headers)
            if not isinstance(answer, str):
                return answer
            target = answer
        return MediaRefused(MediaRefusal.ADDRESS, f"It leads from address to address more than {MAX_REDIRECTS} times.")

    async def _ask_at(self, ips: Sequence[str], url: httpx.URL, headers: Mapping[bytes, bytes]) -> MediaOutcome | str:
        """Fetch from the first IP address that takes the connection."""
        for ip in ips[:-1]:
            try:
                return await self._ask(pinned(self._request(url, headers), ip))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._ask(pinned(self._request(url, headers), ips[-1]))

    def _request(self, url: httpx.URL, credentials: Mapping[bytes, bytes]) -> httpx.Request:
        # Uncompressed, so that a few bytes cannot become many after they are counted.
        headers = {b"Accept": b"*/*", b"Accept-Encoding": b"identity", b"Connection": b"close", **credentials}
        return self._client.build_request("GET", url.copy_with(fragment=None), headers=list(headers.items()))

    async def _ask(self, request: httpx.Request) -> MediaOutcome | str:
        """The outcome, or where a redirect leads."""
        response = await self._client.send(request, stream=True, follow_redirects=False, auth=None)
        try:
            if response.status_code in REDIRECTS and "location" in response.headers:
                return response.headers["location"]
            if response.status_code in GONE:
                return MediaRefused(MediaRefusal.GONE, f"The provider answered {response.status_code}.")
            if response.status_code != 200:
                return MediaUnavailable(
                    f"The provider answered {response.status_code}.",
                    is_unauthorized=response.status_code == 401 and "authorization" in request.headers,
                )
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > MAX_MEDIA_BYTES:
                    return MediaRefused(MediaRefusal.TOO_LARGE, f"It is larger than {MAX_MEDIA_BYTES} bytes.")
            return FetchedMedia(bytes(content))
        finally:
            await response.aclose()


def pinned(request: httpx.Request, ip: str) -> httpx.Request:
    """The request, to the IP address that was checked: a second look-up of the name could give another.

    `Host` and the name in the certificate stay those of the address.
    """
    host = request.url.raw_host.decode("ascii")
    request.extensions = {**request.extensions, "sni_hostname": host}
    request.url = request.url.copy_with(host=ip)
    return request
