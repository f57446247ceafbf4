"""Whom a message's address may make the service ask: the pure decision."""

import httpx
import pytest

from api.providers.media import address_of, places
from api.providers.media_rules import Place, is_public

PLACES = places(
    "https://edge.example.com:8443/base",
    api_hosts=["api.twilio.com"],
    storage_hosts=["media.twiliocdn.com"],
    storage_domains=["telnyx.com"],
)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://edge.example.com:8443/a.jpg", Place.OPERATORS),
        ("https://EDGE.example.com:8443/a.jpg", Place.OPERATORS),
        ("https://edge.example.com/a.jpg", None),
        ("http://edge.example.com:8443/a.jpg", None),
        ("https://api.twilio.com/2010-04-01/x", Place.API),
        ("https://api.twilio.com:443/x", Place.API),
        ("https://API.TWILIO.COM/x", Place.API),
        ("http://api.twilio.com/x", None),
        ("https://api.twilio.com:8443/x", None),
        ("https://api.twilio.com.evil.example/x", None),
        ("https://api.twilio.com@evil.example/x", None),
        ("https://evil.example\\@api.twilio.com/x", None),
        ("https://user@api.twilio.com/x", None),
        ("https://evil.example#@api.twilio.com/x", None),
        ("https://evil.example?@api.twilio.com/x", None),
        ("https://xapi.twilio.com/x", None),
        ("https://media.twiliocdn.com/x", Place.STORAGE),
        ("https://media.telnyx.com/x", Place.STORAGE),
        ("https://a.b.telnyx.com/x", Place.STORAGE),
        ("https://telnyx.com/x", None),
        ("https://eviltelnyx.com/x", None),
        ("https://telnyx.com.evil.example/x", None),
        ("ftp://api.twilio.com/x", None),
        ("file:///etc/passwd", None),
        ("//api.twilio.com/x", None),
        ("x", None),
    ],
)
def test_only_the_providers_own_places_are_asked_and_by_their_exact_names(url: str, place: Place | None) -> None:
    assert PLACES.place(address_of(httpx.URL(url))) is place


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
        "2001:db8::1", "fe80::1%eth0", "localhost", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_on_the_open_internet_are_known(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["8.8.8.8", "54.172.60.0", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_on_the_open_internet_are_known(ip: str) -> None:
    assert is_public(ip)
