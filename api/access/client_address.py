"""The address of a client, behind proxies too.

Anybody can send `X-Forwarded-For`. Only the entries of the proxies in MESSENGER_TRUSTED_PROXIES count: each of them
appends the address of its client.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from starlette.requests import Request

from api.kit.app_state import from_app
from api.settings import Network, Settings

Address = IPv4Address | IPv6Address

MAX_HOPS = 20
"""How many entries are read, from the right. No chain of proxies is longer."""

UNKNOWN = "unknown"
"""The address of a client on a socket in the file system."""


def client_address(request: Request) -> str:
    """The client's address, with the trusted proxies of the settings."""
    return address_behind(
        request.scope["client"][0] if request.scope.get("client") else None,
        request.headers.getlist("x-forwarded-for"),
        trusted=from_app(request, Settings).trusted_proxies or (),
    )


def address_behind(peer: str | None, forwarded_for: Sequence[str], *, trusted: Sequence[Network]) -> str:
    """The nearest address that is not a trusted proxy's.

    `forwarded_for` holds the values of every `X-Forwarded-For` header, in order. It is read from the right, while the
    address to the right of an entry is trusted. If an entry is not an address, the proxy that passed it on is the
    client.
    """
    nearest = _parse(peer or "")
    if nearest is None:
        return peer or UNKNOWN
    entries = ",".join(forwarded_for).split(",") if forwarded_for else []
    for entry in reversed(entries[-MAX_HOPS:]):
        if not _is_trusted(nearest, trusted):
            break
        further = _parse(entry)
        if further is None:
            break
        nearest = further
    return str(nearest)


def counted_as(address: str) -> str:
    """The address that limits count: for IPv6 its network of 64 bits, because one client has all of it."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False))
    return address if parsed is None else str(parsed)


def _parse(entry: str) -> Address | None:
    """An address as proxies write it: quoted or not, with or without port and brackets. IPv4 in IPv6 becomes IPv4."""
    text = entry.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
