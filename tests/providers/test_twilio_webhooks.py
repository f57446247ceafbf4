"""What Twilio sends, read: texts, pictures, signals, delivery reports, and whatever else may stand in a form."""

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.kit.text import storable
from api.providers.port import (
    EventKind,
    MediaItem,
    MessageStatus,
    OptOutSignal,
    StatusReport,
    UnreadableEventError,
    WebhookEvent,
    WebhookRequest,
)
from api.providers.twilio.provider import TwilioProvider

PROVIDER = TwilioProvider(httpx.AsyncClient(), api_url="http://127.0.0.1:1")
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
SID = "SM" + "0f" * 16

SMS = {
    # Every field that Twilio posts for an ordinary text to a long code.
    "ToCountry": "US",
    "ToState": "IL",
    "SmsMessageSid": SID,
    "NumMedia": "0",
    "ToCity": "CHICAGO",
    "FromZip": "60601",
    "SmsSid": SID,
    "FromState": "IL",
    "SmsStatus": "received",
    "FromCity": "CHICAGO",
    "Body": "Is class on? 🤸",
    "FromCountry": "US",
    "To": "+13125550100",
    "ToZip": "60601",
    "NumSegments": "1",
    "MessageSid": SID,
    "AccountSid": "AC" + "1" * 32,
    "From": "+13125550147",
    "ApiVersion": "2010-04-01",
}

STATUS = {
    "SmsSid": SID,
    "SmsStatus": "delivered",
    "MessageStatus": "delivered",
    "To": "+13125550147",
    "MessageSid": SID,
    "AccountSid": "AC" + "1" * 32,
    "From": "+13125550100",
    "ApiVersion": "2010-04-01",
}


def form(fields: dict[str, str], **changed: str | None) -> bytes:
    """The body of a webhook; a field changed to None is left out."""
    merged: dict[str, str | None] = {**fields, **changed}
    return urlencode({name: value for name, value in merged.items() if value is not None}).encode()


def split(body: bytes, kind: EventKind, content_type: str = FORM) -> WebhookEvent:
    request = WebhookRequest(url="https://x/", headers={"content-type": content_type}, body=body)
    (event,) = PROVIDER.split_webhook(request, kind=kind)
    return event


# Texts.


def test_a_text_is_read_whole() -> None:
    message = PROVIDER.read_message(form(SMS))
    assert message.provider_message_id == SID
    assert message.sender == "+13125550147"
    assert message.body == "Is class on? 🤸"
    assert message.media == []
    assert message.signal is None
    assert message.provider_time is None, "Twilio does not say when"


def test_a_text_with_pictures_brings_each_with_its_type() -> None:
    body = form(
        SMS,
        MessageSid="MM" + "0f" * 16,
        NumMedia="2",
        MediaUrl0="https://api.twilio.com/m/0",
        MediaContentType0="image/jpeg",
        MediaUrl1="https://api.twilio.com/m/1",
        MediaContentType1="image/png",
    )
    assert PROVIDER.read_message(body).media == [
        MediaItem("https://api.twilio.com/m/0", "image/jpeg"),
        MediaItem("https://api.twilio.com/m/1", "image/png"),
    ]


@pytest.mark.parametrize("body", ["", None])
def test_a_picture_without_words_is_a_message(body: str | None) -> None:
    message = PROVIDER.read_message(
        form(SMS, Body=body, NumMedia="1", MediaUrl0="https://x/0", MediaContentType0="image/gif")
    )
    assert message.body == ""
    assert message.media == [MediaItem("https://x/0", "image/gif")]


def test_a_picture_whose_type_or_address_is_missing_costs_nothing_else() -> None:
    message = PROVIDER.read_message(form(SMS, NumMedia="3", MediaUrl0="https://x/0", MediaUrl2="https://x/2"))
    assert message.media == [
        MediaItem("https://x/0", "application/octet-stream"),
        MediaItem("https://x/2", "application/octet-stream"),
    ]


def test_no_text_brings_more_than_ten_pictures() -> None:
    fields = {f"MediaUrl{number}": f"https://x/{number}" for number in range(20)}
    assert len(PROVIDER.read_message(form(SMS | fields, NumMedia="1000000000")).media) == 10
    assert PROVIDER.read_message(form(SMS | fields, NumMedia="-1")).media == []


@pytest.mark.parametrize(
    ("word", "signal"),
    [
        ("STOP", OptOutSignal.STOP),
        ("START", OptOutSignal.START),
        ("HELP", OptOutSignal.HELP),
        ("stop", OptOutSignal.STOP),
        ("", None),
        ("MAYBE", None),
        (None, None),
    ],
)
def test_OPTIN_STOP_the_provider_s_own_signal_is_read_beside_the_text(
    word: str | None, signal: OptOutSignal | None
) -> None:
    """`OptOutType`, sent with Advanced Opt-Out, where the words that stop are the business's own."""
    message = PROVIDER.read_message(form(SMS, Body="no gracias", OptOutType=word))
    assert message.signal is signal
    assert message.body == "no gracias"


def test_a_text_through_a_messaging_service_is_read_though_it_came_to_another_number() -> None:
    body = form(SMS, To="+13125559999", MessagingServiceSid="MG" + "2" * 32)
    assert PROVIDER.read_message(body).sender == "+13125550147"
    assert split(body, EventKind.MESSAGE).kind is EventKind.MESSAGE


def test_a_text_from_a_short_code_or_a_name_keeps_its_sender() -> None:
    assert PROVIDER.read_message(form(SMS, From="12345")).sender == "12345"
    assert PROVIDER.read_message(form(SMS, From="BANK")).sender == "BANK"


def test_fields_that_nobody_has_heard_of_are_no_trouble() -> None:
    unknown = {f"New{number}": "x" for number in range(100)}
    assert PROVIDER.read_message(form(SMS | unknown | {"": "", "[]": "x"})).body == "Is class on? 🤸"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"%00", "\N{REPLACEMENT CHARACTER}"),
        (b"a%00b", "a\N{REPLACEMENT CHARACTER}b"),
        (b"%ED%A0%80", "\N{REPLACEMENT CHARACTER}" * 3),  # Half of a surrogate pair, as no encoder should write it.
        (b"%FF%FE", "\N{REPLACEMENT CHARACTER}" * 2),
        (b"%E2%80%AE" + b"%D7%A9", "\N{RIGHT-TO-LEFT OVERRIDE}\N{HEBREW LETTER SHIN}"),
        (b"x" * 10_000, "x" * 10_000),
        (b"%F0%9F%A4%B8" * 1600, "🤸" * 1600),
        (b"%3Cscript%3Ealert(1)%3C/script%3E", "<script>alert(1)</script>"),
        (b"%3DHYPERLINK(%22http://x%22)", '=HYPERLINK("http://x")'),
        (b"a+b%2Bc%26d%3De", "a b+c&d=e"),
        (b"%0D%0A", "\r\n"),
        (b"100%", "100%"),
        (b"%zz", "%zz"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
    ],
)
def test_hostile_text_arrives_whole_and_storable(raw: bytes, text: str) -> None:
    message = PROVIDER.read_message(b"MessageSid=SM1&From=%2B13125550147&NumMedia=0&Body=" + raw)
    assert message.body == text
    assert storable(message.body) == message.body


def test_of_a_repeated_field_the_first_counts() -> None:
    message = PROVIDER.read_message(form(SMS) + b"&Body=second&From=%2B1&MessageSid=SM2")
    assert (message.body, message.sender, message.provider_message_id) == ("Is class on? 🤸", "+13125550147", SID)


@pytest.mark.parametrize(
    "body",
    [
        form(SMS, MessageSid=None, SmsSid=None),
        form(SMS, MessageSid="", SmsSid=""),
        form(SMS, From=None),
        form(SMS, From=""),
        form(SMS, NumMedia="many"),
        form(SMS, NumMedia="1.5"),
        form(SMS, NumMedia="9" * 5000),
        b"",
        b"{}",
        b"\x00\xff",
        b"a=1&" * 600,
    ],
)
def test_RECV_NOTHING_LOST_what_is_no_message_is_unreadable_and_says_why(body: bytes) -> None:
    with pytest.raises(UnreadableEventError) as unreadable:
        PROVIDER.read_message(body)
    assert str(unreadable.value)


def test_the_older_name_of_the_message_id_is_understood() -> None:
    body = form(SMS, MessageSid=None)
    assert PROVIDER.read_message(body).provider_message_id == SID
    assert split(body, EventKind.MESSAGE).event_id == SID


# Delivery reports.


def report(**changed: str | None) -> StatusReport:
    return PROVIDER.read_status(form(STATUS, **changed))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("queued", MessageStatus.SENT),
        ("accepted", MessageStatus.SENT),
        ("scheduled", MessageStatus.SENT),
        ("sending", MessageStatus.SENT),
        ("sent", MessageStatus.SENT),
        ("delivered", MessageStatus.DELIVERED),
        ("read", MessageStatus.DELIVERED),
        ("partially_delivered", MessageStatus.DELIVERED),
        ("undelivered", MessageStatus.UNDELIVERED),
        ("failed", MessageStatus.FAILED),
        ("canceled", MessageStatus.FAILED),
        ("DELIVERED", MessageStatus.DELIVERED),
        ("teleported", None),
    ],
)
def test_SEND_STATUS_each_of_twilio_s_words_has_its_meaning(word: str, status: MessageStatus | None) -> None:
    read = report(MessageStatus=word)
    assert read.status is status
    assert read.provider_status == word.lower()
    assert read.provider_message_id == SID
    assert (read.error_code, read.error_title, read.opted_out) == (None, None, False)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("30003", "out of reach"),
        ("30005", "does not exist"),
        ("30006", "landline"),
        ("30007", "spam"),
        ("21614", "landline"),
        ("21635", "landline"),
        ("21211", "not a valid phone number"),
        ("21617", "too long"),
        ("21658", "too long"),
        ("21608", "trial"),
        ("99999", "99999"),
    ],
)
def test_a_failure_is_explained_in_words_for_a_front_desk(code: str, words: str) -> None:
    read = report(MessageStatus="undelivered", ErrorCode=code)
    assert read.status is MessageStatus.UNDELIVERED
    assert read.error_code == code
    assert read.error_title is not None
    assert words in read.error_title
    assert not read.opted_out


def test_a_failure_that_nobody_has_heard_of_is_told_in_the_provider_s_words() -> None:
    assert report(MessageStatus="failed", ErrorCode="99999", ErrorMessage="Moon too far").error_title == "Moon too far"


def test_OPTIN_STOP_an_opt_out_error_in_a_callback_is_known_for_what_it_is() -> None:
    for status in ("failed", "undelivered"):
        read = report(MessageStatus=status, ErrorCode="21610")
        assert read.opted_out
        assert read.error_code == "21610"


@pytest.mark.parametrize("code", ["", "0", None])
def test_no_error_is_no_error(code: str | None) -> None:
    assert report(ErrorCode=code).error_code is None
    assert report(ErrorCode=code).error_title is None


def test_the_time_of_delivery_is_read_where_the_carrier_gives_one() -> None:
    assert report(RawDlrDoneDate="2603041205").provider_time == datetime(2026, 3, 4, 12, 5, tzinfo=UTC)
    for garbage in (None, "", "yesterday", "9999999999", "26030412051", "\x00"):
        assert report(RawDlrDoneDate=garbage).provider_time is None


def test_the_older_name_of_the_status_is_understood() -> None:
    assert report(MessageStatus=None, SmsStatus="sent").status is MessageStatus.SENT


@pytest.mark.parametrize(
    "body",
    [
        form(STATUS, MessageSid=None, SmsSid=None),
        form(STATUS, MessageStatus=None, SmsStatus=None),
        form(STATUS, MessageStatus="", SmsStatus=""),
        b"",
        b"{}",
    ],
)
def test_RECV_NOTHING_LOST_what_is_no_report_is_unreadable_and_says_why(body: bytes) -> None:
    with pytest.raises(UnreadableEventError, match="Message"):
        PROVIDER.read_status(body)


# What is written to the journal.


def test_RECV_ONCE_a_text_is_known_by_twilio_s_own_id_whatever_else_changes() -> None:
    first, again = split(form(SMS), EventKind.MESSAGE), split(form(SMS, Body="!", New="x"), EventKind.MESSAGE)
    assert first.event_id == again.event_id == SID
    assert split(form(SMS, MessageSid="SM2"), EventKind.MESSAGE).event_id == "SM2", "equal texts, different ids"


def test_RECV_ONCE_a_report_is_known_by_its_content() -> None:
    ids = {
        split(form(STATUS, **changed), EventKind.STATUS).event_id
        for changed in ({}, {}, {"MessageStatus": "sent"}, {"ErrorCode": "30003"}, {"MessageSid": "SM2"})
    }
    assert len(ids) == 4


def test_the_journal_keeps_the_body_as_it_came_and_the_other_party_s_number() -> None:
    for fields, kind in ((SMS, EventKind.MESSAGE), (STATUS, EventKind.STATUS)):
        event = split(form(fields), kind)
        assert (event.kind, event.body, event.content_type) == (kind, form(fields), FORM)
        assert event.phone_number == "+13125550147", "the parent's, not the line's"


@pytest.mark.parametrize("kind", [EventKind.MESSAGE, EventKind.STATUS])
@pytest.mark.parametrize("body", [b"", b"{}", b"\x00\xff", b"MessageSid=", b"From=1&Body=Hi", b"a=1&" * 600])
def test_RECV_NOTHING_LOST_what_has_no_message_id_is_kept_as_unreadable(body: bytes, kind: EventKind) -> None:
    event = split(body, kind)
    assert event.kind is EventKind.UNREADABLE
    assert event.body == body
    assert hashlib.sha256(body).hexdigest() in event.event_id, "the same bytes are one event"


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.dictionaries(
            st.sampled_from(
                ["MessageSid", "From", "To", "Body", "NumMedia", "MessageStatus", "ErrorCode", "MediaUrl0"]
            ),
            st.text(st.characters(), max_size=30) | st.sampled_from(["1", "\x00", "delivered"]),
        ).map(lambda fields: urlencode(fields, errors="replace").encode()),
    ),
    st.sampled_from([EventKind.MESSAGE, EventKind.STATUS]),
)
def test_anything_at_all_is_journalled_and_either_read_or_unreadable(body: bytes, kind: EventKind) -> None:
    event = split(body, kind, content_type="x\x00y" * 200)
    assert event.body == body
    for text in (event.event_id, event.content_type, event.phone_number or ""):
        assert storable(text) == text
        assert len(text) <= 300
    texts: list[str] = []
    try:
        if event.kind is EventKind.MESSAGE:
            message = PROVIDER.read_message(body)
            texts = [message.body, message.sender, message.provider_message_id, *(each.url for each in message.media)]
        elif event.kind is EventKind.STATUS:
            status = PROVIDER.read_status(body)
            texts = [status.provider_message_id, status.provider_status, status.error_code or ""]
    except UnreadableEventError:
        return
    for text in texts:
        assert storable(text) == text


def test_the_answer_is_an_empty_document_and_never_plain_text() -> None:
    """A `text/plain` body would be texted to the sender."""
    answer = PROVIDER.webhook_answer
    assert (answer.content_type, answer.body) == ("text/xml", b"<Response/>")


def test_what_a_line_needs_to_speak_twilio() -> None:
    assert {field.name: field.required for field in PROVIDER.description.credential_fields} == {
        "account_sid": True,
        "auth_token": True,
        "auth_token_secondary": False,
        "messaging_service_sid": False,
    }
