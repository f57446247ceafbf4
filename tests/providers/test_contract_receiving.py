"""What arrives and how it is let in, whatever the provider: the same tests, in each provider's dialect."""

import json
import random
from dataclasses import replace
from typing import Any

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
    ReceivedMessage,
    SmsProvider,
    StatusReport,
    UnreadableEventError,
    WebhookEvent,
)
from api.providers.registry import Providers
from tests.providers.dialects import DIALECTS, every_dialect
from tests.providers.dialects.dialect import (
    BASE,
    PARENT,
    Arriving,
    Dialect,
    Reporting,
    Webhook,
    line_of,
)
from tests.providers.peer import (
    NO_CERTIFICATES,
)
from tests.support.service import service_settings

NOBODY = httpx.AsyncClient(verify=NO_CERTIFICATES, trust_env=False)
"""What arrives is read without a word to anybody."""


def listening(dialect: Dialect) -> SmsProvider:
    """The adapter, to read what arrives."""
    return dialect.provider(NOBODY, "http://127.0.0.1:1")


def split(dialect: Dialect, webhook: Webhook, kind: EventKind = EventKind.MESSAGE) -> WebhookEvent:
    (event,) = listening(dialect).split_webhook(webhook.request, kind=kind)
    return event


def read(dialect: Dialect, arriving: Arriving) -> ReceivedMessage:
    event = split(dialect, dialect.arrival(arriving))
    assert event.kind is EventKind.MESSAGE
    return listening(dialect).read_message(event.body)


def read_report(dialect: Dialect, reporting: Reporting) -> StatusReport:
    event = split(dialect, dialect.report(reporting), EventKind.STATUS)
    assert event.kind is EventKind.STATUS
    return listening(dialect).read_status(event.body)


async def test_every_provider_of_the_service_has_a_dialect_here() -> None:
    """The simulator speaks another's protocol; its line is held to that one's contract. The sandbox has no wire."""
    providers = Providers(service_settings("."))
    spoken = {dialect.name.value for dialect in DIALECTS}
    assert set(providers.by_name) == {*spoken, "simulator", "sandbox"}
    for dialect in DIALECTS:
        provider = providers.get(dialect.name.value)
        assert provider is not None
        assert provider.description.problems(dialect.credentials) == {}
    await providers.close()


# RECV-AUTHENTIC


@every_dialect
def test_RECV_AUTHENTIC_what_the_provider_signed_is_let_in(dialect: Dialect) -> None:
    for webhook in (dialect.arrival(Arriving()), dialect.report(Reporting(dialect.failed_word))):
        assert dialect.judged_authentic(webhook)
        assert listening(dialect).is_authentic(line_of(dialect), webhook.request)


@every_dialect
def test_RECV_AUTHENTIC_what_is_not_signed_or_not_by_this_lines_account_is_refused(dialect: Dialect) -> None:
    webhook = dialect.arrival(Arriving())
    forged = [dialect.signed_by_another(webhook.url, webhook.body)]
    for name in dialect.signature_headers:
        value = webhook.headers[name]
        changed = [None, "", "x", value[:-5], f"0{value}", value[::-1], "é" * 28, "\x00"]
        forged += [webhook.with_header(name, each) for each in changed]
    for each in forged:
        assert not dialect.judged_authentic(each), each.headers
        assert not listening(dialect).is_authentic(line_of(dialect), each.request), each.headers


@every_dialect
def test_RECV_AUTHENTIC_an_altered_body_is_refused_where_it_is_signed(dialect: Dialect) -> None:
    webhook = dialect.arrival(Arriving())
    altered = replace(webhook, body=webhook.body.replace(b"5550147", b"5550148"))
    assert altered.body != webhook.body
    assert listening(dialect).is_authentic(line_of(dialect), altered.request) is not dialect.signs_content
    assert dialect.judged_authentic(altered) is not dialect.signs_content


@every_dialect
@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.text(st.characters(max_codepoint=0x2FF), max_size=40), min_size=4, max_size=4))
def test_RECV_AUTHENTIC_no_credential_and_no_header_at_all_breaks_the_check(
    dialect: Dialect, values: list[str]
) -> None:
    webhook = dialect.arrival(Arriving())
    provider = listening(dialect)
    for name, value in zip(dialect.signature_headers, values, strict=False):
        webhook = webhook.with_header(name, value)
    assert not provider.is_authentic(line_of(dialect), webhook.request)
    typed = {name: values[index % 4] for index, name in enumerate(dialect.credentials)}
    assert not provider.is_authentic(line_of(dialect, **typed), dialect.arrival(Arriving()).request)


# What arrives.


@every_dialect
def test_a_text_arrives_with_its_sender_and_its_words(dialect: Dialect) -> None:
    webhook = dialect.arrival(Arriving())
    event = split(dialect, webhook)
    assert event.phone_number == PARENT, "the parent's, not the line's"
    assert event.content_type == webhook.headers["content-type"]
    message = read(dialect, Arriving())
    assert (message.provider_message_id, message.sender) == ("message-1", PARENT)
    assert message.body == "Kia ora! Is class on? 🤸"
    assert (list(message.media), message.signal) == ([], None)


@every_dialect
def test_RECV_ONCE_a_text_that_comes_again_is_the_same_event_and_another_is_another(dialect: Dialect) -> None:
    first, again = (split(dialect, dialect.arrival(Arriving())) for _ in range(2))
    other = split(dialect, dialect.arrival(Arriving(message_id="message-2")))
    assert first.event_id == again.event_id != other.event_id


@every_dialect
def test_a_picture_without_words(dialect: Dialect) -> None:
    media = [("https://media.example.com/1.jpg", "image/jpeg"), ("https://media.example.com/2.png", "image/png")]
    message = read(dialect, Arriving(text="", media=media))
    assert message.body == ""
    assert list(message.media) == [MediaItem(*each) for each in media]


@every_dialect
def test_fields_that_nobody_has_heard_of_are_no_trouble(dialect: Dialect) -> None:
    more = {"new": "field", "Newer": 5, "": "", "id2": [{"a": None}]}
    assert read(dialect, Arriving(more=more)) == read(dialect, Arriving())


HOSTILE: list[tuple[str, str | None]] = [
    ("x" * 1600, None),
    ("x" * 10_000, None),
    ("🤸" * 800, None),
    ("\u202etxet lortnoc-idib\u202c \u05e9", None),
    ("<script>alert(1)</script>", None),
    ('=HYPERLINK("http://x")', None),
    ("a b+c&d=e 100% %00 \\u0000 {{7*7}}", None),
    ("\r\n\t ", None),
    ("a\x00b", "a\ufffdb"),
]
"""A text, and what is kept of it where that is not the text itself."""


@pytest.mark.reliability
@every_dialect
@pytest.mark.parametrize(("body", "kept"), HOSTILE, ids=range(len(HOSTILE)))
def test_R9_hostile_text_arrives_whole_and_storable(dialect: Dialect, body: str, kept: str | None) -> None:
    message = read(dialect, Arriving(text=body))
    assert message.body == (kept or body)
    assert storable(message.body) == message.body


@pytest.mark.reliability
@every_dialect
def test_R9_half_a_character_is_kept_as_replacement_characters(dialect: Dialect) -> None:
    assert set(read(dialect, Arriving(text="\ud800")).body) == {"\N{REPLACEMENT CHARACTER}"}


@every_dialect
@pytest.mark.parametrize("signal", OptOutSignal)
def test_OPTIN_STOP_the_providers_own_signal_is_read_beside_the_text(dialect: Dialect, signal: OptOutSignal) -> None:
    """Where the words that stop are the business's own."""
    message = read(dialect, Arriving(text="no gracias", signal=signal))
    assert message.body == "no gracias"
    assert message.signal is (signal if dialect.gives_signals else None)


# What is reported.


@every_dialect
def test_SEND_STATUS_each_of_the_providers_words_has_its_meaning(dialect: Dialect) -> None:
    for word, status in dialect.words.items():
        report = read_report(dialect, Reporting(word))
        assert (word, report.status, report.provider_status) == (word, status, word)
        assert (report.provider_message_id, report.error_code, report.opted_out) == ("message-1", None, False)


@every_dialect
def test_SEND_STATUS_the_other_partys_number_is_the_one_that_was_texted(dialect: Dialect) -> None:
    event = split(dialect, dialect.report(Reporting(dialect.failed_word)), EventKind.STATUS)
    assert event.phone_number == PARENT


@every_dialect
def test_RECV_ONCE_the_same_report_is_one_event_and_another_word_another(dialect: Dialect) -> None:
    ids = {
        split(dialect, dialect.report(reporting), EventKind.STATUS).event_id
        for word in dialect.words
        for reporting in (Reporting(word), Reporting(word), Reporting(word, message_id="message-2"))
    }
    assert len(ids) == 2 * len(dialect.words)


@every_dialect
def test_OPTIN_STOP_an_opt_out_error_in_a_callback_is_known_for_what_it_is(dialect: Dialect) -> None:
    report = read_report(dialect, Reporting(dialect.failed_word, error_code=dialect.opted_out_code))
    assert report.opted_out
    assert report.status is MessageStatus.FAILED
    assert report.error_title == "This person has opted out by texting STOP."


@every_dialect
def test_a_failure_is_explained_in_words_for_a_front_desk(dialect: Dialect) -> None:
    report = read_report(dialect, Reporting(dialect.failed_word, error_code=dialect.landline_code))
    assert report.error_code == dialect.landline_code
    assert report.error_title == "The number cannot receive texts (probably a landline)."
    assert not report.opted_out
    unheard_of = read_report(dialect, Reporting(dialect.failed_word, error_code="98765"))
    assert (unheard_of.error_code, bool(unheard_of.error_title)) == ("98765", True)


# RECV-NOTHING-LOST


def judged(dialect: Dialect, webhook: Webhook, kind: EventKind) -> None:
    """Whatever it is, it is journaled whole, and either read or unreadable, in text that can be stored."""
    provider = listening(dialect)
    for event in provider.split_webhook(webhook.with_header("content-type", "x\x00y" * 200).request, kind=kind):
        for text in (event.event_id, event.content_type, event.phone_number or ""):
            assert storable(text) == text
            assert len(text) <= 300
        assert event.body in webhook.body
        texts: list[str | None]
        for reading in (provider.read_message, provider.read_status):
            try:
                read = reading(event.body)
            except UnreadableEventError:
                continue
            if isinstance(read, ReceivedMessage):
                texts = [read.body, read.sender, read.provider_message_id, *(each.url for each in read.media)]
            else:
                texts = [read.provider_message_id, read.provider_status, read.error_code, read.error_title]
            assert all(storable(text) == text for text in texts if text is not None)


GARBAGE = [b"", b"{}", b"[]", b"null", b"5", b'"x"', b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b"\x00\xff"]
GARBAGE += [b"NaN", b"1" * 10_000, b'{"data": null}', b'[{"type": "message-received"}]', b"\xef\xbb\xbf{}", b"{" * 9]
GARBAGE += ['{"data": {"id": "x"}}'.encode("utf-16"), b'[null, 5, "x", [], {}]', b"[1,]", b"[1 2]", b"\xff" * 9]


@every_dialect
@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: repr(body[:20]))
@pytest.mark.parametrize("kind", [EventKind.MESSAGE, EventKind.STATUS])
def test_RECV_NOTHING_LOST_what_is_no_event_is_kept_as_unreadable(
    dialect: Dialect, body: bytes, kind: EventKind
) -> None:
    events = listening(dialect).split_webhook(dialect.signed(f"{BASE}/inbound", body).request, kind=kind)
    assert all(event.kind is EventKind.UNREADABLE for event in events)
    assert b"".join(event.body for event in events) in body or len(events) > 1
    judged(dialect, dialect.signed(f"{BASE}/inbound", body), kind)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["\x00", "in"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def with_something_else(value: Any, chance: random.Random, something: Any) -> Any:
    """The same document, but for one place of it, which holds something else, or is not there."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        name = chance.choice(sorted(value))
        if chance.random() < 0.2:
            return {key: each for key, each in value.items() if key != name}
        return {**value, name: with_something_else(value[name], chance, something)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        index = chance.randrange(len(value))
        return [*value[:index], with_something_else(value[index], chance, something), *value[index + 1 :]]
    return something


@every_dialect
@settings(max_examples=60, deadline=None)
@given(chance=st.randoms(use_true_random=False), something=JSON, raw=st.binary(max_size=60))
def test_RECV_NOTHING_LOST_anything_at_all_is_read_or_unreadable_and_raises_nothing(
    dialect: Dialect, chance: random.Random, something: Any, raw: bytes
) -> None:
    for webhook, kind in (
        (dialect.arrival(Arriving(media=[("https://x/1.png", "image/png")])), EventKind.MESSAGE),
        (dialect.report(Reporting(dialect.failed_word, error_code="98765")), EventKind.STATUS),
    ):
        at = chance.randrange(len(webhook.body))
        bodies = [raw, webhook.body[:at], webhook.body[:at] + raw + webhook.body[at:]]
        try:
            document = json.loads(webhook.body)
        except ValueError:
            pass
        else:
            bodies.append(json.dumps(with_something_else(document, chance, something)).encode())
        for body in bodies:
            judged(dialect, replace(webhook, body=body), kind)


@every_dialect
def test_the_answer_is_never_plain_text(dialect: Dialect) -> None:
    """To Twilio, a `text/plain` body is a text to the sender."""
    assert listening(dialect).webhook_answer.content_type in {"text/xml", "application/json"}
