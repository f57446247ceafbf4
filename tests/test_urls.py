"""MESSENGER_PUBLIC_URL: an unambiguous URL is normalized, any other is refused at the start."""

import itertools
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.settings import Settings, SettingsError, load_settings
from api.urls import InvalidAddressError, is_private_host, normalized_base_url, origin_of, parsed_origin
from tests.support import postgres
from tests.support.service import Service, service_settings
from tests.support.world import World

NORMALISED = {
    "https://msg.example.com": "https://msg.example.com",
    "HTTPS://Msg.Example.COM": "https://msg.example.com",
    "Http://LOCALHOST:8000": "http://localhost:8000",
    "https://msg.example.com/": "https://msg.example.com",
    "https://msg.example.com///": "https://msg.example.com",
    "https://msg.example.com:443": "https://msg.example.com",
    "https://msg.example.com:": "https://msg.example.com",
    "http://msg.example.com:80/": "http://msg.example.com",
    "http://msg.example.com:443": "http://msg.example.com:443",
    "https://msg.example.com:0443": "https://msg.example.com",
    "https://msg.example.com:8443": "https://msg.example.com:8443",
    " https://msg.example.com\n": "https://msg.example.com",
    "https://bücher.example": "https://xn--bcher-kva.example",
    "https://BÜCHER.example:443": "https://xn--bcher-kva.example",
    "https://xn--bcher-kva.example": "https://xn--bcher-kva.example",
    "http://[::1]:8000": "http://[::1]:8000",
    "http://[0:0:0:0:0:0:0:1]": "http://[::1]",
    "http://127.0.0.1:8000": "http://127.0.0.1:8000",
    "http://my_service:8000": "http://my_service:8000",
    "https://example.com/Texting": "https://example.com/Texting",
    "https://example.com/a/b/": "https://example.com/a/b",
}

REFUSED = [
    *("", " ", "msg.example.com", "//msg.example.com", "https:/msg.example.com", "https:msg.example.com"),
    *("ftp://msg.example.com", "javascript://msg.example.com", "file:///etc", "https://", "https:///x", "https://:443"),
    *(
        "https://msg.example.com?",
        "https://msg.example.com/?a=b",
        "https://msg.example.com#",
        "https://msg.example.com/#x",
    ),
    *("https://a:b@msg.example.com", "https://a@msg.example.com", "https://@msg.example.com"),
    *("https://msg.example.com:0", "https://msg.example.com:65536", "https://msg.example.com:x", "https://a:1:2"),
    *("https://msg.example.com:-1", "https://msg.example.com:+443", "https://msg.example.com:\uff14\uff14\uff13"),
    *(
        "https://msg example.com",
        "https://msg.example.com/a b",
        "https://msg.exa\tmple.com",
        "https://msg.exam\nple.com",
    ),
    *("https://msg.example.com\x00", "https://msg.example.com\x7f", "https://msg\u200b.example.com\u202e"),
    *(
        "https://msg.example.com\\x",
        "https:\\\\msg.example.com",
        "https://msg.example.com/../x",
        "https://a.example/./x",
    ),
    *(
        "https://a.example//x",
        "https://a.example/%2e%2e",
        "https://a.example/ü",
        "https://a..example",
        "https://.example",
    ),
    *("https://msg.example.com.", "https://-msg.example.com", "https://msg-.example.com", "https://" + "a" * 64),
    *("https://msg.example.com,https://b.example", "https://*.example.com", "https://a/b,c", "https://{host}"),
    *(
        "http://127.1",
        "http://2130706433",
        "http://0x7f.1",
        "http://1.2.3.256",
        "http://[::1",
        "http://[x]",
        "http://::1",
    ),
    *("https://" + "\u00fc" * 50_000, "https://a.example/" + "a" * 500),
    *("https://" + ".".join(["a" * 60] * 5), "https://xn--\udcff.example"),
]


@pytest.mark.parametrize(("given_url", "expected"), NORMALISED.items(), ids=map(ascii, NORMALISED))
def test_an_address_is_normalized(given_url: str, expected: str) -> None:
    assert normalized_base_url(given_url) == expected
    assert normalized_base_url(expected) == expected


@pytest.mark.parametrize("given_url", REFUSED, ids=lambda url: ascii(url)[:60])
def test_any_other_address_stops_the_start_with_one_line(given_url: str) -> None:
    with pytest.raises(InvalidAddressError) as refused:
        normalized_base_url(given_url)
    assert len(str(refused.value).splitlines()) == 1
    for name in (
        "public_url",
        "twilio_api_url",
        "telnyx_api_url",
        "bandwidth_api_url",
        "bandwidth_token_url",
        "plivo_api_url",
    ):
        with pytest.raises(SettingsError, match=rf"^[^\n]*MESSENGER_{name.upper()}: use |“") as error:
            load_settings(_env_file=None, **{name: given_url})
        assert len(str(error.value).splitlines()) == 1


@given(
    st.builds(
        lambda scheme, host, port, tail: f"{scheme}://{host}{port}{tail}",
        st.sampled_from(["http", "https", "HTTPS", "ws", ""]),
        st.text(alphabet="aZ09.-_[]:@%\u00fc\u200b /\\", max_size=12),
        st.sampled_from(["", ":80", ":443", ":0", ":99999", ":x"]),
        st.text(alphabet="/a.%?# ", max_size=6),
    )
)
def test_a_path_can_be_appended_to_every_accepted_address(text: str) -> None:
    try:
        base = normalized_base_url(text)
    except InvalidAddressError:
        return
    assert normalized_base_url(base) == base
    whole = urlsplit(f"{base}/webhooks/x")
    assert whole.path.endswith("/webhooks/x")
    assert (whole.query, whole.fragment, whole.username, whole.password) == ("", "", None, None)
    assert httpx.URL(base).host, "The client of the providers reads it too."
    scheme_and_host = "/".join(base.split("/")[:3])
    assert parsed_origin(scheme_and_host) == origin_of(base)


def test_cookies_are_secure_for_every_form_of_https() -> None:
    for url in ("https://a.example", "HTTPS://a.example", "Https://A.example:443/"):
        assert load_settings(_env_file=None, public_url=url).secure_cookies
    assert not load_settings(_env_file=None, public_url="http://a.example").secure_cookies


ORIGINS: list[tuple[str, str | None, bool]] = [
    # (MESSENGER_PUBLIC_URL, Origin, is it ours)
    ("https://msg.example.com", "https://msg.example.com", True),
    ("https://Msg.Example.com:443", "https://msg.example.com", True),
    ("HTTPS://msg.example.com/", "https://msg.example.com", True),
    ("https://msg.example.com/texting", "https://msg.example.com", True),
    ("https://bücher.example", "https://xn--bcher-kva.example", True),
    ("https://msg.example.com:8443", "https://msg.example.com:8443", True),
    ("http://[::1]:8000", "http://[::1]:8000", True),
    ("https://msg.example.com", "http://msg.example.com", False),
    ("http://msg.example.com", "https://msg.example.com", False),
    ("https://msg.example.com", "https://msg.example.com:8443", False),
    ("https://msg.example.com:8443", "https://msg.example.com", False),
    ("https://msg.example.com", "https://example.com", False),
    ("https://msg.example.com", "https://msg.example.com.evil.test", False),
    ("https://msg.example.com", "https://evil.test/msg.example.com", False),
    ("https://msg.example.com", "https://msg.example.com/", False),
    ("https://msg.example.com", "https://msg.example.com?x", False),
    ("https://msg.example.com", "https://msg.example.com@evil.test", False),
    ("https://msg.example.com", "https://a@msg.example.com", False),
    ("https://msg.example.com", "null", False),
    ("https://msg.example.com", "", False),
    ("https://msg.example.com", "msg.example.com", False),
    ("https://msg.example.com", "https://msg.example.com, https://msg.example.com", False),
    ("https://msg.example.com", "http://127.0.0.1:9876", False),
    ("https://msg.example.com", "http://listening.test:9876", False),
]


async def _sign_in(service: Service, world: World, origins: list[str], *, server: str) -> int:
    transport = httpx.ASGITransport(app=service.app)
    body = {"organization": world.slug, "email": "ada@gym.test", "password": "correct horse battery"}
    async with httpx.AsyncClient(transport=transport, base_url=server) as client:
        headers = [("Origin", origin) for origin in origins]
        return (await client.post("/api/v1/session", json=body, headers=headers)).status_code


def _production(folder: Path, url: str) -> Settings:
    return service_settings(
        folder, environment="production", public_url=url, secret_key="k" * 32, trusted_proxies="none"
    )


async def test_in_production_the_origin_is_exactly_that_of_the_public_url(
    clone: postgres.Database, tmp_path: Path
) -> None:
    """Also for whoever signs in; the Host, and the address that the server listens on, decide nothing."""
    # A line of the simulator, which a test business has, is not for production: it is there before.
    settings = service_settings(tmp_path, public_url="https://msg.example.com")
    async with Service.running(settings, clone) as service:
        world = await World.create(service)
        token = world.admin.cookies["__Host-messenger_session"]
        for url, group in itertools.groupby(ORIGINS, key=lambda row: row[0]):
            service.replace(settings=_production(tmp_path, url))
            for _, origin, is_ours in group:
                assert origin is not None
                signing_in = await _sign_in(service, world, [origin], server="http://listening.test:9876")
                assert (url, origin, signing_in) == (url, origin, 200 if is_ours else 403)
                cookie = "__Host-messenger_session" if "https" in url.lower() else "messenger_session"
                transport = httpx.ASGITransport(app=service.app)
                async with httpx.AsyncClient(transport=transport, base_url="http://listening.test:9876") as client:
                    headers = {"Origin": origin, "Cookie": f"{cookie}={token}", "Host": "evil.test"}
                    new = {"name": "Jones", "contacts": []}
                    changing = await client.post("/api/v1/families", json=new, headers=headers)
                assert (url, origin, changing.status_code) == (url, origin, 201 if is_ours else 403)
        service.replace(settings=_production(tmp_path, "https://msg.example.com"))
        twice = await _sign_in(service, world, ["https://msg.example.com"] * 2, server="http://listening.test:9876")
        assert twice == 403


async def test_in_development_the_address_that_the_server_listens_on_is_ours_too(world: World) -> None:
    server = "http://10.1.2.3:9876"
    for origin, expected in (
        (server, 200),
        ("http://127.0.0.1:9876", 200),
        ("http://localhost:9876", 200),
        ("http://[::1]:9876", 200),
        ("https://localhost:9876", 403),
        ("http://localhost:9877", 403),
        ("http://localhost", 403),
        ("http://evil.test:9876", 403),
        ("null", 403),
    ):
        assert (origin, await _sign_in(world.service, world, [origin], server=server)) == (origin, expected)


def test_an_address_that_only_this_machine_or_network_reaches_is_known() -> None:
    private = ("localhost", "127.0.0.1", "[::1]", "10.1.2.3", "192.168.0.9", "desk.local", "app.internal")
    assert [host for host in private if not is_private_host(host)] == []
    assert [host for host in ("texting.gym.example", "8.8.8.8", "localhost.example") if is_private_host(host)] == []
