"""nginx and Caddy of Debian, with their samples, in front of two production processes: TLS, at another address."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from api.providers.twilio.receive import signature
from tests.deploy.conftest import EMAIL, Behind, problem
from tests.deploy.support import CLIENT_ADDRESS, HOST, PROXY_ADDRESS

ACCOUNT_SID, AUTH_TOKEN, LINE_NUMBER, PARENT = "AC" + "0" * 32, "token-of-the-account", "+13125550199", "+13125550142"
NEW_LINE = {
    "label": "Front desk",
    "phone_number": LINE_NUMBER,
    "kind": "long_code",
    "country": "US",
    "provider": "twilio",
    "credentials": {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN},
}


@pytest.fixture(scope="module")
def admin(behind: Behind) -> Iterator[httpx.Client]:
    with behind.administrator() as client:
        yield client


@pytest.fixture(scope="module")
def inbound(admin: httpx.Client) -> str:
    """The address to enter at the provider, as the line shows it."""
    lines = admin.get("/api/v1/lines").json()["items"]
    line = lines[0] if lines else admin.post("/api/v1/lines", json=NEW_LINE).json()
    address: str = line["webhook_urls"]["inbound"]
    assert address.startswith(f"https://{HOST}/webhooks/twilio/")
    return address


def text(client: httpx.Client, address: str, *, signed: str | None = None) -> httpx.Response:
    """A webhook to `address`, with the signature of `signed`."""
    fields = {"MessageSid": f"SM{uuid4().hex}", "From": PARENT, "To": LINE_NUMBER, "Body": "Hello", "NumMedia": "0"}
    return client.post(
        address,
        content=urlencode(fields),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature(AUTH_TOKEN, signed or address, list(fields.items())),
        },
    )


def test_http_leads_to_https(behind: Behind) -> None:
    answer = httpx.get(f"http://{PROXY_ADDRESS}/messenger?q=1", headers={"Host": HOST})
    assert answer.status_code in {301, 308}
    assert answer.headers["location"] == f"https://{HOST}/messenger?q=1"


def test_pages_and_headers_come_as_the_service_sends_them(behind: Behind) -> None:
    with behind.client() as client:
        page = client.get("/")
    assert page.status_code == 200, page.text
    assert page.headers.get_list("strict-transport-security") == ["max-age=31536000"], "Once: the service sends it."
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_a_person_signs_in_and_the_audit_log_has_their_address_whatever_they_claim(behind: Behind) -> None:
    with behind.client(**{"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7"}) as client:
        answer = client.post(
            "/api/v1/session", json={"organization": "gym", "email": EMAIL, "password": "wrong password"}
        )
        assert answer.status_code == 401
    with behind.administrator() as client:
        assert "__Host-messenger_session" in client.cookies
        assert client.get("/api/v1/me").json()["is_admin"]
        entries = client.get("/api/v1/audit-entries").json()["items"]
    found = json.dumps(entries)
    assert CLIENT_ADDRESS in found
    assert "203.0.113.7" not in found


@pytest.mark.parametrize("origin", ["https://evil.example", f"http://{HOST}", f"https://{HOST}:8443", "null"])
def test_a_change_from_another_origin_is_refused(admin: httpx.Client, origin: str) -> None:
    refused = admin.delete("/api/v1/session", headers={"Origin": origin})
    assert (refused.status_code, problem(refused)) == (403, "/problems/cross-origin")
    assert admin.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize("query", ["", "?a=1&b=%2B%20x&a=2"])
def test_a_webhook_that_is_signed_for_the_public_url_is_accepted(behind: Behind, inbound: str, query: str) -> None:
    with behind.client() as carrier:
        assert text(carrier, inbound + query).status_code == 200
        forged = text(carrier, f"{inbound}?other=1", signed=inbound + query)
        assert (forged.status_code, problem(forged)) == (403, "/problems/not-authentic")


def test_a_live_event_arrives_while_the_stream_is_open(behind: Behind, admin: httpx.Client, inbound: str) -> None:
    with admin.stream("GET", "/api/v1/events", headers={"Accept": "text/event-stream"}) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 1000"
        with behind.client() as carrier:
            assert text(carrier, inbound).status_code == 200
        assert any(line == "event: message" for line in lines)


def test_a_file_of_three_megabytes_is_taken(admin: httpx.Client) -> None:
    rows = "".join(f"family,F-{number},The {'very ' * 8}big family {number},{number:05d}\n" for number in range(45_000))
    content = ("kind,external_id,name,contact_name\n" + rows).encode()
    assert len(content) > 3_000_000
    answer = admin.post("/api/v1/directory/import", content=content, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 202, answer.text


def test_a_body_that_is_too_large_gets_the_problem_of_the_service(admin: httpx.Client) -> None:
    answer = admin.post(
        "/api/v1/families", content=b"[" + b" " * 1_500_000, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, problem(answer)) == (413, "/problems/too-large")


def test_while_one_process_is_dead_the_other_answers_everything(
    behind: Behind, admin: httpx.Client, inbound: str
) -> None:
    behind.apis.kill(8001)
    try:
        with behind.client() as carrier:
            for _ in range(50):
                assert admin.get("/api/v1/indicator").status_code == 200
                assert text(carrier, inbound).status_code == 200
    finally:
        behind.apis.start(8001)
        behind.apis.ready(8001)
