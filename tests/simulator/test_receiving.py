"""A parent texts the business: the report, its signature, its repetition, and what an answer does."""

import base64
import re

import pytest

from tests.simulator.conftest import (
    ACCOUNT,
    LINE,
    PARENT,
    Answer,
    Business,
    Simulator,
    unused_port,
    wait_for,
)

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_a_text_is_reported_with_every_field_that_twilio_sends(simulator: Simulator, business: Business) -> None:
    sid = simulator.text("Leo has a fever 🤒 & won't be there = sorry")["message_sid"]
    simulator.settle()
    [report] = business.inbound()
    assert report.signed
    assert report.url.endswith("/inbound?line=1")
    assert re.fullmatch(r"SM[0-9a-f]{32}", sid)
    assert report.fields == {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "SmsStatus": "received",
        "AccountSid": ACCOUNT,
        "From": PARENT,
        "To": LINE,
        "Body": "Leo has a fever 🤒 & won't be there = sorry",
        "NumMedia": "0",
        "NumSegments": "1",
        "ApiVersion": "2010-04-01",
        "FromCity": "",
        "FromState": "",
        "FromZip": "",
        "FromCountry": "US",
        "ToCity": "",
        "ToState": "",
        "ToZip": "",
        "ToCountry": "US",
    }


def test_texts_of_one_parent_are_reported_in_the_order_in_which_they_were_written(
    simulator: Simulator, business: Business
) -> None:
    business.answers = [Answer(after=0.05)]
    for n in range(20):
        simulator.text(str(n))
    simulator.settle()
    assert [report.fields["Body"] for report in business.inbound()] == [str(n) for n in range(20)]


def test_one_text_may_be_reported_several_times(simulator: Simulator, business: Business) -> None:
    sid = "SM" + "a" * 32
    assert simulator.text("hello", message_sid=sid, repeat=3)["message_sid"] == sid
    simulator.settle()
    simulator.control("POST", f"/messages/{sid}/report")
    simulator.settle()
    assert [report.fields["MessageSid"] for report in business.inbound()] == [sid] * 4
    assert simulator.texts() == ["hello"]
    assert len(simulator.get("/Messages.json").json()["messages"]) == 1


def test_a_sid_is_given_once(simulator: Simulator) -> None:
    simulator.text("hello", message_sid="SM1")
    again = simulator.http.post(
        f"/control/handsets/{PARENT}/texts", json={"to": LINE, "body": "again", "message_sid": "SM1"}
    )
    assert again.status_code == 409


def test_pictures_are_served_by_the_carrier(simulator: Simulator, business: Business) -> None:
    media = [{"content_type": "image/png", "data": base64.b64encode(PNG).decode()}]
    sid = simulator.text("", media=media)["message_sid"]
    simulator.settle()
    fields = business.inbound()[0].fields
    assert sid.startswith("MM")
    assert (fields["NumMedia"], fields["MediaContentType0"], fields["Body"]) == ("1", "image/png", "")
    assert f"/Messages/{sid}/Media/ME" in fields["MediaUrl0"]
    elsewhere = simulator.http.get(fields["MediaUrl0"])
    assert elsewhere.status_code == 307
    picture = simulator.http.get(elsewhere.headers["location"])
    assert (picture.content, picture.headers["content-type"]) == (PNG, "image/png")


def test_a_file_that_a_browser_could_run_is_only_downloaded(simulator: Simulator) -> None:
    media = [{"content_type": "text/html", "data": base64.b64encode(b"<script>").decode()}]
    [shown] = simulator.text("", media=media)["media"]
    response = simulator.http.get(shown["shown"])
    assert response.headers["content-disposition"] == "attachment"
    assert "sandbox" in response.headers["content-security-policy"]


def test_a_service_names_itself_and_advanced_opt_out_names_the_keyword(
    simulator: Simulator, business: Business
) -> None:
    simulator.control(
        "PUT",
        f"/lines/{LINE}",
        account_sid=ACCOUNT,
        inbound_url=f"{business.url}/inbound",
        messaging_service_sid="MG" + "5" * 32,
        advanced_opt_out=True,
    )
    simulator.text("hello")
    simulator.text("Stop ")
    simulator.settle()
    hello, stop = (report.fields for report in business.inbound())
    assert hello["MessagingServiceSid"] == "MG" + "5" * 32
    assert "OptOutType" not in hello
    assert stop["OptOutType"] == "STOP"


# Answers


def test_a_plain_text_answer_is_texted_to_the_parent(simulator: Simulator, business: Business) -> None:
    business.answers = [Answer(body=b"OK", content_type="text/plain; charset=utf-8")]
    simulator.text("hello")
    simulator.settle()
    assert simulator.texts() == ["hello", "OK"]
    assert simulator.messages(direction="outbound-reply")["total"] == 1


@pytest.mark.parametrize(
    ("twiml", "texts"),
    [
        (b"<Response/>", []),
        (b"<Response><Message>See you!</Message></Response>", ["See you!"]),
        (
            b"<Response><Message><Body>One</Body></Message><Message>Two</Message></Response>",
            ["One", "Two"],
        ),
    ],
)
def test_twiml_is_obeyed(simulator: Simulator, business: Business, twiml: bytes, texts: list[str]) -> None:
    business.answers = [Answer(body=twiml)]
    simulator.text("hello")
    simulator.settle()
    assert simulator.texts() == ["hello", *texts]
    assert simulator.control("GET", "/webhooks")["alerts"] == []


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (Answer(body=b"{}", content_type="application/json"), "12300"),
        (Answer(body=b"<Response>"), "12100"),
        (Answer(body=b"<html/>"), "12102"),
    ],
)
def test_an_answer_that_twilio_would_complain_of_is_logged_and_texts_nobody(
    simulator: Simulator, business: Business, answer: Answer, complaint: str
) -> None:
    business.answers = [answer]
    simulator.text("hello")
    simulator.settle()
    assert simulator.texts() == ["hello"]
    [alert] = simulator.control("GET", "/webhooks")["alerts"]
    assert alert["detail"].startswith(complaint)


# Repetition


def test_twilio_repeats_once_what_could_not_connect(simulator: Simulator) -> None:
    simulator.control(
        "PUT", f"/lines/{LINE}", account_sid=ACCOUNT, inbound_url=f"http://127.0.0.1:{unused_port()}/inbound"
    )
    simulator.text("hello")
    simulator.settle()
    webhooks = simulator.control("GET", "/webhooks")
    assert (webhooks["posted"], webhooks["answered"], webhooks["abandoned"]) == (2, 0, 1)
    assert "ConnectError" in webhooks["alerts"][0]["detail"]


def test_twilio_does_not_repeat_what_was_answered_badly(simulator: Simulator, business: Business) -> None:
    business.answers = [Answer(status=500)]
    simulator.text("hello")
    simulator.settle()
    assert len(business.inbound()) == 1
    assert simulator.control("GET", "/webhooks")["alerts"][0]["detail"] == "answered 500"


def test_a_patient_carrier_repeats_the_same_request_until_it_is_answered(
    simulator: Simulator, business: Business
) -> None:
    simulator.control("PATCH", "/settings", retries=None)
    business.answers = [Answer(status=500), Answer(status=503), Answer(status=404)]
    simulator.text("hello")
    simulator.settle()
    assert len(business.inbound()) == 4
    assert len({report.token for report in business.inbound()}) == 1
    assert simulator.control("GET", "/webhooks")["answered"] == 1


def test_an_answer_that_takes_too_long_is_a_failure(simulator: Simulator, business: Business) -> None:
    simulator.control("PATCH", "/settings", read_timeout=0.1, retries=3, retry_on=["connect", "read"])
    business.answers = [Answer(after=0.5)]
    simulator.text("hello")
    simulator.settle()
    assert len(business.inbound()) == 2


def test_a_stuck_report_does_not_hold_up_other_parents(simulator: Simulator, business: Business) -> None:
    business.answers = [Answer(after=1)]
    simulator.text("first")
    wait_for(business.inbound)
    simulator.control("POST", "/handsets/+13125550188/texts", to=LINE, body="second")
    wait_for(lambda: len(business.inbound()) == 2, seconds=0.9)
    simulator.settle()


@pytest.mark.parametrize("retries", [1, None])
def test_nothing_is_sent_to_an_address_that_nobody_configured(simulator: Simulator, retries: int | None) -> None:
    simulator.control("PATCH", "/settings", retries=retries)
    simulator.send(StatusCallback="http://198.51.100.7/status")
    simulator.settle()
    webhooks = simulator.control("GET", "/webhooks")
    assert webhooks["answered"] == 0
    assert {alert["detail"] for alert in webhooks["alerts"]} == {
        "http://198.51.100.7 is not configured, so nothing is sent there"
    }


# The person


@pytest.mark.parametrize("state", ["off", "landline", "unreachable"])
def test_a_handset_that_is_not_on_cannot_text(simulator: Simulator, state: str) -> None:
    simulator.control("PUT", f"/handsets/{PARENT}", state=state)
    answer = simulator.http.post(f"/control/handsets/{PARENT}/texts", json={"to": LINE, "body": "hi"})
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"to": "+13125550999", "body": "hi"}', 404),
        (b'{"to": "+13125550100", "body": ""}', 422),
        (b'{"to": "+13125550100", "body": "\\ud800"}', 422),
        (b'{"to": "+13125550100", "body": "hi", "unheard": 1}', 422),
        (b"{", 422),
    ],
)
def test_a_text_that_makes_no_sense_is_refused(simulator: Simulator, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    answer = simulator.http.post(f"/control/handsets/{PARENT}/texts", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_a_page_of_another_site_cannot_text_in_a_persons_name(simulator: Simulator) -> None:
    answer = simulator.http.post(
        f"/control/handsets/{PARENT}/texts",
        content=b'{"to": "+13125550100", "body": "hi"}',
        headers={"Content-Type": "text/plain"},
    )
    assert answer.status_code == 422
    assert simulator.texts() == []
