"""Pictures on their way through the carrier: from handsets, where each provider serves them, and from lines."""

import base64
import dataclasses
from typing import Any

import pytest

from simulator.app import create_server
from tests.simulator.conftest import (
    ACCOUNT,
    FAST,
    LINE,
    PARENT,
    TOKEN,
    Answer,
    Business,
    Simulator,
    client,
    running,
    unused_port,
)
from tests.simulator.test_receiving import PNG

AUTH = (ACCOUNT, TOKEN)
PICTURE = {"content_type": "image/png", "data": base64.b64encode(PNG).decode()}


def reported_url(simulator: Simulator, business: Business) -> str:
    simulator.text("look", media=[PICTURE])
    simulator.settle()
    return business.inbound()[-1].fields["MediaUrl0"]


# From a handset


def test_twilio_leads_from_its_own_address_to_the_content(simulator: Simulator, business: Business) -> None:
    url = reported_url(simulator, business)
    answer = simulator.http.get(url)
    assert (answer.status_code, answer.content) == (307, b"")
    content = simulator.http.get(answer.headers["location"])
    assert (content.content, content.headers["content-type"]) == (PNG, "image/png")
    document = simulator.http.get(f"{url}.json", auth=AUTH).json()
    assert (url.endswith(document["sid"]), document["content_type"]) == (True, "image/png")
    [listed] = simulator.http.get(url.rpartition("/")[0] + ".json", auth=AUTH).json()["media_list"]
    assert listed == document


def test_twilio_may_hand_the_content_out_itself_and_want_credentials(simulator: Simulator, business: Business) -> None:
    url = reported_url(simulator, business)
    simulator.control("PATCH", "/settings", media_redirect=False, media_auth=True)
    try:
        assert simulator.http.get(url).status_code == 401
        assert simulator.http.get(url, auth=(ACCOUNT, "wrong")).status_code == 401
        assert simulator.http.get(url, auth=AUTH).content == PNG
    finally:
        simulator.control("PATCH", "/settings", media_redirect=True, media_auth=False)


def test_a_picture_that_is_not_there_is_404(simulator: Simulator, business: Business) -> None:
    url = reported_url(simulator, business)
    assert simulator.http.get(url[:-1] + "x").status_code == 404
    assert simulator.http.get(url.replace(ACCOUNT, "AC" + "9" * 32)).status_code == 401


def test_reading_a_picture_may_fail_as_any_other_request(simulator: Simulator, business: Business) -> None:
    url = reported_url(simulator, business)
    simulator.fault("list", "status_5xx", next_n=1, status_code=503)
    assert simulator.http.get(url).status_code == 503
    assert simulator.http.get(url).status_code == 307


@pytest.mark.parametrize(
    "media",
    [
        [{"content_type": "image/png", "data": "not base64!"}],
        [{"content_type": "image/png", "data": base64.b64encode(b"x" * (5 * 1024 * 1024 + 1)).decode()}],
        [{"content_type": "image/png"}],
        [{"content_type": "image/png\r\nX-More: 1", "data": "AAAA"}],
        [PICTURE] * 11,
    ],
)
def test_a_picture_beyond_reason_is_refused(simulator: Simulator, media: Any) -> None:
    answer = simulator.http.post(f"/control/handsets/{PARENT}/texts", json={"to": LINE, "media": media})
    assert answer.status_code == 422
    assert simulator.texts() == []


# From a line


def shown(simulator: Simulator) -> list[Any]:
    [text] = simulator.control("GET", f"/handsets/{PARENT}/texts")["items"]
    media: list[Any] = text["media"]
    return media


def test_the_carrier_fetches_what_a_line_sends_and_shows_it(simulator: Simulator, business: Business) -> None:
    business.files["/media/17"] = Answer(body=PNG, content_type="image/png")
    sent = simulator.send(MediaUrl=f"{business.url}/media/17", StatusCallback=f"{business.url}/status").json()
    assert (sent["num_media"], sent["status"]) == ("1", "queued")
    simulator.settle()
    assert business.statuses() == ["queued", "sending", "sent", "delivered"]
    [picture] = shown(simulator)
    assert (picture["content_type"], picture["size"]) == ("image/png", len(PNG))
    assert simulator.http.get(picture["shown"]).content == PNG
    [listed] = simulator.get(f"/Messages/{sent['sid']}/Media.json").json()["media_list"]
    assert listed["content_type"] == "image/png"


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("{business}/media/gone", "answered 404"),
        ("{business}/media/large", "larger than"),
        ("http://127.0.0.1:{port}/picture.png", "ConnectError"),
        ("https://pictures.example/picture.png", "pictures.example is not configured, so nothing is fetched there"),
    ],
)
def test_a_picture_that_cannot_be_had_arrives_as_its_address(
    simulator: Simulator, business: Business, address: str, complaint: str
) -> None:
    business.files["/media/large"] = Answer(body=b"x" * (5 * 1024 * 1024 + 1), content_type="image/png")
    url = address.format(business=business.url, port=unused_port())
    simulator.send(MediaUrl=url)
    simulator.settle()
    [picture] = shown(simulator)
    assert (picture["url"], picture["shown"]) == (url, None)
    [alert] = simulator.control("GET", "/webhooks")["alerts"]
    assert (alert["kind"], complaint in alert["detail"]) == ("media", True)


def test_a_picture_that_takes_its_time_holds_up_no_other_text(simulator: Simulator, business: Business) -> None:
    business.files["/media/slow"] = Answer(body=PNG, content_type="image/png", after=0.5)
    simulator.send(Body="with a picture", MediaUrl=f"{business.url}/media/slow")
    simulator.send(Body="without")
    simulator.settle()
    assert simulator.texts() == ["without", "with a picture"]


def test_a_picture_at_the_public_address_is_fetched_from_behind_the_proxy(business: Business) -> None:
    business.files["/media/17"] = Answer(body=PNG, content_type="image/png")
    settings = dataclasses.replace(FAST, api_url=business.url)
    with running(create_server(settings)) as url, client(url) as http:
        simulator = Simulator(url, http)
        simulator.control("PUT", f"/accounts/{ACCOUNT}", auth_token=TOKEN)
        public = "https://gym.example"
        simulator.control("PUT", f"/lines/{LINE}", account_sid=ACCOUNT, inbound_url=f"{public}/inbound")
        simulator.send(MediaUrl=f"{public}/media/17")
        simulator.settle()
        [picture] = shown(simulator)
        assert simulator.http.get(picture["shown"]).content == PNG
