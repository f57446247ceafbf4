"""`X-Forwarded-For`: only the entries of trusted proxies count, from the right."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access.client_address import address_behind, counted_as

TRUSTED = tuple(ip_network(each) for each in ("10.0.0.0/8", "192.0.2.1", "2001:db8:1::/48"))
PROXY, VISITOR = "10.1.2.3", "203.0.113.9"

CASES: list[tuple[str, str | None, list[str], str]] = [
    ("no proxy", VISITOR, [], VISITOR),
    ("a stranger names somebody else", VISITOR, ["198.51.100.7"], VISITOR),
    ("a stranger names a proxy", VISITOR, [PROXY], VISITOR),
    ("one proxy", PROXY, [VISITOR], VISITOR),
    ("the visitor sent a header of its own", PROXY, [f"198.51.100.7, {VISITOR}"], VISITOR),
    ("in a header of its own", PROXY, ["198.51.100.7", VISITOR], VISITOR),
    ("the visitor named our proxies", PROXY, [f"{PROXY}, 192.0.2.1, {VISITOR}"], VISITOR),
    ("two proxies", PROXY, [f"{VISITOR}, 192.0.2.1"], VISITOR),
    ("two proxies, a forged start", PROXY, [f"127.0.0.1, {VISITOR}, 192.0.2.1"], VISITOR),
    ("proxies alone", PROXY, ["10.0.0.9"], "10.0.0.9"),
    ("a proxy that says nothing", PROXY, [], PROXY),
    ("an empty header", PROXY, [""], PROXY),
    ("nonsense", PROXY, ["unknown"], PROXY),
    ("nonsense at the right", PROXY, [f"{VISITOR}, _hidden"], PROXY),
    ("nonsense further left", PROXY, [f"'; DROP TABLE, {VISITOR}"], VISITOR),
    ("with a port", PROXY, [f"{VISITOR}:51234"], VISITOR),
    ("with spaces", PROXY, [f"  {VISITOR}  "], VISITOR),
    ("IPv6", PROXY, ["2001:db8:2::9"], "2001:db8:2::9"),
    ("IPv6 in brackets with a port", PROXY, ["[2001:db8:2::9]:443"], "2001:db8:2::9"),
    ("IPv6 in quotes", PROXY, ['"[2001:db8:2::9]"'], "2001:db8:2::9"),
    ("IPv6 spelled at length", PROXY, ["2001:0DB8:0002:0:0:0:0:9"], "2001:db8:2::9"),
    ("an IPv6 proxy", "2001:db8:1::7", [VISITOR], VISITOR),
    ("an IPv4 proxy on an IPv6 socket", "::ffff:10.1.2.3", [VISITOR], VISITOR),
    ("an IPv4 visitor written as IPv6", PROXY, [f"::ffff:{VISITOR}"], VISITOR),
    ("a zone", "fe80::1%eth0", [], "fe80::1"),
    ("no address at all", None, [VISITOR], "unknown"),
    ("a name", "testclient", [VISITOR], "testclient"),
]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_client_is_the_nearest_untrusted_address(peer: str | None, forwarded: list[str], address: str) -> None:
    assert address_behind(peer, forwarded, trusted=TRUSTED) == address


@given(st.lists(st.text(max_size=60), max_size=5))
def test_without_trusted_proxies_no_header_changes_the_address(forwarded: list[str]) -> None:
    assert address_behind(VISITOR, forwarded, trusted=()) == VISITOR


@given(st.lists(st.text(max_size=60) | st.ip_addresses().map(str), max_size=5))
def test_forged_entries_are_ignored_before_the_entry_of_the_proxy(forged: list[str]) -> None:
    assert address_behind(PROXY, [*forged, VISITOR], trusted=TRUSTED) == VISITOR


def test_only_the_end_of_a_long_chain_is_read() -> None:
    assert address_behind(PROXY, [VISITOR, ",".join([PROXY] * 100_000)], trusted=TRUSTED) == PROXY


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:2:3:4:5:6:7", "2001:db8:2:3::/64"),
        ("2001:db8:2:3::1", "2001:db8:2:3::/64"),
        ("2001:db8:2:4::1", "2001:db8:2:4::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("unknown", "unknown"),
    ],
)
def test_an_IPv6_network_of_64_bits_counts_as_one_client(address: str, counted: str) -> None:
    assert counted_as(address) == counted
