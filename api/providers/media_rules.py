"""Pure rules of fetching files: the addresses that may be asked, and those that get credentials."""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

STANDARD_PORTS = {"https": 443, "http": 80}

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last four bytes are the IPv4 address that is really asked."""


class Place(StrEnum):
    """The kind of an address that may be asked."""

    OPERATORS = "operators"
    """The operator's base address. It gets the credentials, wherever it is."""
    API = "api"
    """The provider's own API. It gets the credentials."""
    STORAGE = "storage"
    """The provider's storage. It gets no credentials."""


@dataclass(frozen=True)
class Address:
    """An address as the HTTP client reads it. `host` is lower case and ASCII."""

    scheme: str
    host: str
    port: int | None
    """None: the scheme's standard one."""
    has_userinfo: bool

    @property
    def origin(self) -> tuple[str, str, int | None]:
        return self.scheme, self.host, self.port or STANDARD_PORTS.get(self.scheme)


@dataclass(frozen=True)
class MediaPlaces:
    """The places of one provider. `domains` stand for every host below them."""

    base: Address
    api_hosts: Collection[str] = ()
    storage_hosts: Collection[str] = ()
    storage_domains: Collection[str] = ()

    def place(self, address: Address) -> Place | None:
        """None if the address may not be asked. Other than the operator's, only HTTPS on port 443 may."""
        if address.has_userinfo:
            return None
        if address.origin == self.base.origin:
            return Place.OPERATORS
        if address.origin != ("https", address.host, 443):
            return None
        if address.host in self.api_hosts:
            return Place.API
        if address.host in self.storage_hosts or address.host.endswith(
            tuple(f".{domain}" for domain in self.storage_domains)
        ):
            return Place.STORAGE
        return None


def is_public(ip: str) -> bool:
    """Whether an address is on the open internet: not loopback, private, link-local, shared, reserved or multicast.

    An IPv6 address that embeds an IPv4 address is judged by that one.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if embedded is None and address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if embedded is not None:
            address = embedded
    return address.is_global and not address.is_multicast
