"""A business hands texts over, as Twilio's own SDK does it, and hears what became of them."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.simulator.conftest import ACCOUNT, LINE, PARENT, TOKEN, Business, Simulator

OTHER_ACCOUNT = "AC" + "2" * 32


class Redirected(TwilioHttpClient):  # type: ignore[misc]  # The SDK has no types.
    """Twilio's own HTTP client, pointed at the simulator instead of any of Twilio's hosts."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return super().request(method, re.sub(r"https://\w+\.twilio\.com", self.base, url), *args, **kwargs)


@pytest.fixture
def sdk(simulator: Simulator) -> Any:
    http = Redirected(simulator.url)
    yield Client(ACCOUNT, TOKEN, http_client=http)
    http.session.close()


def test_the_official_sdk_sends_fetches_and_lists(simulator: Simulator, sdk: Any) -> None:
    sent = sdk.messages.create(to=PARENT, from_=LINE, body="Class is on")
    assert re.fullmatch(r"SM[0-9a-f]{32}", sent.sid)
    assert (sent.status, sent.num_segments, sent.direction) == ("queued", "1", "outbound-api")
    assert sent.date_sent is None

    simulator.settle()
    fetched = sdk.messages(sent.sid).fetch()
    assert (fetched.status, fetched.body, fetched.error_code) == ("delivered", "Class is on", None)
    assert abs(fetched.date_sent - datetime.now(UTC)) < timedelta(minutes=1)

    simulator.text("Thanks!")
    simulator.settle()
    assert [m.body for m in sdk.messages.list(to=PARENT)] == ["Class is on"]
    assert [(m.body, m.direction, m.status) for m in sdk.messages.list(from_=PARENT, to=LINE)] == [
        ("Thanks!", "inbound", "received")
    ]


def test_the_sdk_pages_through_long_lists_newest_first(simulator: Simulator, sdk: Any) -> None:
    for n in range(7):
        simulator.text(str(n))
    assert [m.body for m in sdk.messages.list(page_size=3)] == list("6543210")


def test_pages_do_not_shift_while_texts_arrive(simulator: Simulator) -> None:
    for n in range(4):
        simulator.text(str(n))
    first = simulator.get("/Messages.json", PageSize="2").json()
    simulator.text("later")
    second = simulator.http.get(first["next_page_uri"], auth=(ACCOUNT, TOKEN)).json()
    assert [m["body"] for m in first["messages"] + second["messages"]] == list("3210")
    assert second["next_page_uri"] is None


def test_the_list_is_filtered_by_the_moment_of_sending(simulator: Simulator, sdk: Any) -> None:
    simulator.text("now")
    soon, before = datetime.now(UTC) + timedelta(seconds=5), datetime.now(UTC) - timedelta(seconds=5)
    assert [m.body for m in sdk.messages.list(date_sent_after=before)] == ["now"]
    assert [m.body for m in sdk.messages.list(date_sent_before=soon)] == ["now"]
    assert sdk.messages.list(date_sent_after=soon) == []
    assert sdk.messages.list(date_sent_before=before) == []
    assert [m.body for m in sdk.messages.list(date_sent=datetime.now(UTC).strftime("%Y-%m-%d"))] == ["now"]


def test_a_message_that_has_not_left_yet_has_no_moment_of_sending(simulator: Simulator, sdk: Any) -> None:
    simulator.control("PATCH", "/settings", sending_after=30)
    try:
        simulator.send(Body="still here")
        yesterday = datetime.now(UTC) - timedelta(days=1)
        assert [m.body for m in sdk.messages.list()] == ["still here"]
        assert sdk.messages.list(date_sent_after=yesterday) == []
    finally:
        simulator.control("PATCH", "/settings", sending_after=0)
        simulator.control("DELETE", "/state")


def test_every_step_is_reported_in_order_and_signed(simulator: Simulator, business: Business) -> None:
    sid = simulator.send(StatusCallback=f"{business.url}/status?message=17&x=%C3%A9").json()["sid"]
    simulator.settle()
    assert business.statuses() == ["queued", "sending", "sent", "delivered"]
    assert all(report.signed for report in business.received)
    last = business.received[-1].fields
    assert business.received[-1].url.endswith("/status?message=17&x=%C3%A9")
    assert re.fullmatch(r"\d{10}", last.pop("RawDlrDoneDate"))
    assert last == {
        "MessageSid": sid,
        "SmsSid": sid,
        "MessageStatus": "delivered",
        "SmsStatus": "delivered",
        "AccountSid": ACCOUNT,
        "From": LINE,
        "To": PARENT,
        "ApiVersion": "2010-04-01",
    }
    assert simulator.texts() == ["See you at five"]


def test_a_changed_report_no_longer_matches_its_signature(simulator: Simulator, business: Business) -> None:
    simulator.send(StatusCallback=f"{business.url}/status")
    simulator.settle()
    report = business.received[0]
    forged = type(report)(report.url, report.body.replace("queued", "sent"), report.signature, report.token)
    assert report.signed
    assert not forged.signed


@pytest.mark.parametrize(("state", "code"), [("off", 30003), ("unreachable", 30005), ("landline", 30006)])
def test_a_handset_that_cannot_be_reached_fails_with_its_code(
    simulator: Simulator, business: Business, state: str, code: int
) -> None:
    simulator.control("PUT", f"/handsets/{PARENT}", name="Maya Smith", state=state)
    sid = simulator.send(StatusCallback=f"{business.url}/status").json()["sid"]
    simulator.settle()
    assert business.statuses() == ["queued", "sending", "sent", "undelivered"]
    assert business.received[-1].fields["ErrorCode"] == str(code)
    document = simulator.get(f"/Messages/{sid}.json").json()
    assert (document["status"], document["error_code"]) == ("undelivered", code)
    assert simulator.texts() == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": ""}, 21604),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"To": "3125550147"}, 21211),
        ({"To": "+1 312 555 0147"}, 21211),
        ({"To": LINE}, 21266),
        ({"From": "+13125559999"}, 21659),
        ({"From": "+13125550222"}, 21660),
        ({"From": "Tumble Tots"}, 21212),
        ({"From": "", "MessagingServiceSid": "MG" + "0" * 32}, 21701),
        ({"Body": "x" * 1601}, 21617),
        ({"MediaUrl": ["http://127.0.0.1/a.png"] * 11}, 21623),
        ({"MediaUrl": "not an address"}, 21620),
        ({"StatusCallback": "/status"}, 21609),
    ],
)
def test_a_wrong_request_is_refused_with_twilios_code(simulator: Simulator, fields: dict[str, str], code: int) -> None:
    simulator.control("PUT", f"/accounts/{OTHER_ACCOUNT}", auth_token="other")
    simulator.control("PUT", "/lines/+13125550222", account_sid=OTHER_ACCOUNT)
    response = simulator.send(**fields)
    assert response.status_code == 400
    document = response.json()
    assert (document["code"], document["status"]) == (code, 400)
    assert document["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert simulator.messages()["counts"] == {"sends_accepted": 0, "sends_refused": 1, "inbound": 0}


def test_the_longest_text_is_taken_and_counted_in_parts(simulator: Simulator) -> None:
    assert simulator.send(Body="x" * 1600).json()["num_segments"] == "11"
    assert simulator.send(Body="ā" * 71).json()["num_segments"] == "2"


@pytest.mark.parametrize("auth", [(ACCOUNT, "wrong"), ("AC" + "9" * 32, TOKEN), ("", "")])
def test_wrong_credentials_are_20003(simulator: Simulator, auth: tuple[str, str]) -> None:
    url = f"/2010-04-01/Accounts/{auth[0] or ACCOUNT}/Messages.json"
    response = simulator.http.post(url, data={}, auth=auth)
    assert (response.status_code, response.json()["code"]) == (401, 20003)


def test_the_sdk_raises_what_it_raises_for_twilio(simulator: Simulator, sdk: Any) -> None:
    with pytest.raises(TwilioRestException) as caught:
        sdk.messages.create(to="nobody", from_=LINE, body="hello")
    assert (caught.value.code, caught.value.status) == (21211, 400)


def test_another_accounts_message_is_not_found(simulator: Simulator) -> None:
    sid = simulator.send().json()["sid"]
    simulator.control("PUT", f"/accounts/{OTHER_ACCOUNT}", auth_token="other")
    response = simulator.http.get(
        f"/2010-04-01/Accounts/{OTHER_ACCOUNT}/Messages/{sid}.json", auth=(OTHER_ACCOUNT, "other")
    )
    assert (response.status_code, response.json()["code"]) == (404, 20404)


def test_a_messaging_service_picks_the_sender_that_the_recipient_knows(
    simulator: Simulator, business: Business
) -> None:
    service = "MG" + "5" * 32
    for number in ("+13125550101", "+13125550102"):
        simulator.control(
            "PUT", f"/lines/{number}", account_sid=ACCOUNT, messaging_service_sid=service, inbound_url=None
        )
    simulator.text("hi", to="+13125550102")
    answer = simulator.send(From="", MessagingServiceSid=service, StatusCallback=f"{business.url}/status").json()
    assert (answer["status"], answer["from"], answer["num_segments"]) == ("accepted", None, "0")
    simulator.settle()
    report = business.received[-1].fields
    assert (report["From"], report["MessagingServiceSid"]) == ("+13125550102", service)


def test_pictures_are_mms(simulator: Simulator) -> None:
    document = simulator.send(Body="", MediaUrl=["http://127.0.0.1/a.png", "http://127.0.0.1/b.jpg"]).json()
    assert document["sid"].startswith("MM")
    assert document["num_media"] == "2"
    media = simulator.get(f"/Messages/{document['sid']}/Media.json").json()["media_list"]
    assert [m["content_type"] for m in media] == ["image/png", "image/jpeg"]


def test_a_business_can_check_and_set_where_its_texts_are_reported(
    simulator: Simulator, sdk: Any, business: Business
) -> None:
    simulator.control("PUT", "/lines/4402", account_sid=ACCOUNT, kind="short_code", country="NZ")
    [number] = sdk.incoming_phone_numbers.list(phone_number=LINE)
    assert (number.phone_number, number.sms_url) == (LINE, f"{business.url}/inbound?line=1")
    number.update(sms_url=f"{business.url}/elsewhere/inbound")
    simulator.text("hello")
    simulator.settle()
    assert business.inbound()[0].url == f"{business.url}/elsewhere/inbound"
    # Short codes have a list of their own, as at Twilio.
    assert [n.phone_number for n in sdk.incoming_phone_numbers.list()] == [LINE]
    assert [n.short_code for n in sdk.short_codes.list()] == ["4402"]


def test_a_business_finds_in_the_list_what_it_was_never_told(
    simulator: Simulator, sdk: Any, business: Business
) -> None:
    """RECV-NOTHING-LOST: the webhook is lost for good, the message is not."""
    simulator.fault("inbound", "drop")
    for n in range(5):
        simulator.text(f"lost {n}", media=[{"content_type": "image/png", "data": "AAAA"}] if n == 0 else [])
    simulator.send(Body="an answer")
    simulator.settle()
    assert business.inbound() == []
    since = datetime.now(UTC) - timedelta(minutes=1)
    found = sdk.messages.list(to=LINE, date_sent_after=since, page_size=2)
    assert [(m.body, m.direction) for m in found] == [(f"lost {n}", "inbound") for n in (4, 3, 2, 1, 0)]
    oldest = found[-1]
    assert (oldest.from_, oldest.status, oldest.num_media) == (PARENT, "received", "1")
    assert abs(oldest.date_created - datetime.now(UTC)) < timedelta(minutes=1)
    assert [m.content_type for m in sdk.messages(oldest.sid).media.list()] == ["image/png"]
    assert simulator.control("GET", "/webhooks")["posted"] == 0


def test_a_business_can_check_its_messaging_service(simulator: Simulator, sdk: Any, business: Business) -> None:
    service = "MG" + "5" * 32
    addresses = {"inbound_url": f"{business.url}/inbound/service", "status_url": f"{business.url}/status/service"}
    simulator.control("PUT", f"/profiles/{service}", account_sid=ACCOUNT, label="Tots", **addresses)
    line = {"account_sid": ACCOUNT, "inbound_url": f"{business.url}/inbound/line", "messaging_service_sid": service}
    simulator.control("PUT", f"/lines/{LINE}", **line)
    shown = sdk.messaging.v1.services(service).fetch()
    assert (shown.friendly_name, shown.use_inbound_webhook_on_number) == ("Tots", False)
    assert (shown.inbound_request_url, shown.status_callback) == tuple(addresses.values())
    [found] = sdk.incoming_phone_numbers.list(phone_number=LINE)
    assert (found.sms_url, found.sms_method, found.status_callback) == (line["inbound_url"], "POST", "")

    simulator.text("to the service")
    simulator.send(From="", MessagingServiceSid=service)
    simulator.settle()
    urls = [report.url.removeprefix(business.url) for report in business.received]
    assert urls == ["/inbound/service", *["/status/service"] * 4]

    simulator.control("PUT", f"/profiles/{service}", account_sid=ACCOUNT, use_line_urls=True, **addresses)
    assert sdk.messaging.v1.services(service).fetch().use_inbound_webhook_on_number is True
    simulator.text("to the line")
    simulator.settle()
    assert business.received[-1].url == f"{business.url}/inbound/line"
    with pytest.raises(TwilioRestException) as caught:
        sdk.messaging.v1.services("MG" + "6" * 32).fetch()
    assert caught.value.status == 404


def test_dates_are_rfc_2822_in_utc(simulator: Simulator) -> None:
    created = simulator.send().json()["date_created"]
    assert created.endswith(" +0000")
    assert abs(parsedate_to_datetime(created) - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_books_name_a_message_that_was_handed_over_twice(simulator: Simulator, business: Business) -> None:
    for callback in ("/status?id=1", "/status?id=2", "/status?id=2"):
        simulator.send(StatusCallback=business.url + callback)
    [repeated] = simulator.messages()["repeated"]
    assert (repeated["status_callback"], repeated["times"]) == (f"{business.url}/status?id=2", 2)


def test_a_request_that_breaks_off_is_no_request(simulator: Simulator) -> None:
    def half() -> Any:
        yield b"To=%2B13125550147&From=%2B13125550100&Bo"
        raise httpx.WriteError("gone")

    with pytest.raises(httpx.WriteError):
        simulator.http.post(
            f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
            content=half(),
            headers={"Content-Length": "500"},
            auth=(ACCOUNT, TOKEN),
        )
    assert simulator.messages()["counts"]["sends_accepted"] == 0
