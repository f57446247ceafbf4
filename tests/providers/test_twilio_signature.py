"""RECV-AUTHENTIC, with Twilio's own SDK as the judge: whatever it accepts we accept, whatever it refuses we refuse."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from api.providers.port import LineAccess, WebhookRequest
from api.providers.twilio.provider import TwilioProvider

TOKEN = "12345678901234567890123456789012"
LINE = LineAccess(
    line_id=UUID(int=1),
    phone_number="+13125550100",
    credentials={"account_sid": "AC" + "1" * 32, "auth_token": TOKEN},
)
URL = "https://text.example.com/webhooks/twilio/0195a1b2-0000-7000-8000-000000000001/inbound"
FORM = "application/x-www-form-urlencoded"

PROVIDER = TwilioProvider(httpx.AsyncClient(), api_url="http://127.0.0.1:1")
"""It checks webhooks without a word to anybody."""

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Webhook:
    url: str
    content_type: str | None
    body: bytes
    signature: str | None

    def accepted(self, line: LineAccess = LINE) -> bool:
        headers = {"x-twilio-signature": self.signature, "content-type": self.content_type}
        request = WebhookRequest(
            url=self.url,
            headers={name: value for name, value in headers.items() if value is not None},
            body=self.body,
        )
        return PROVIDER.is_authentic(line, request)

    def accepted_by_the_sdk(self, token: str = TOKEN) -> bool:
        """As a web framework calls it: a form as a multi-dictionary of decoded fields, anything else as text."""
        if self.signature is None:
            return False
        is_form = (self.content_type or "").partition(";")[0].strip().lower() == FORM
        try:
            return bool(
                RequestValidator(token).validate(
                    self.url, decoded(self.body) if is_form else self.body.decode(), self.signature
                )
            )
        except TypeError:
            return False  # What it does with a body that is neither form nor hashed.


def decoded(body: bytes) -> ImmutableMultiDict[str, str]:
    return ImmutableMultiDict(parse_qsl(body.decode(), keep_blank_values=True))


def signed(url: str, fields: Pairs, *, signed_url: str | None = None, token: str = TOKEN) -> Webhook:
    body = urlencode(list(fields)).encode()
    signature = RequestValidator(token).compute_signature(signed_url or url, decoded(body))
    return Webhook(url=url, content_type=FORM, body=body, signature=signature)


def signed_json(body: bytes, *, digest: str | None = None, url: str = URL) -> Webhook:
    url = f"{url}?bodySHA256={hashlib.sha256(body).hexdigest() if digest is None else digest}"
    return Webhook(url, "application/json", body, RequestValidator(TOKEN).compute_signature(url, {}))


INBOUND: Pairs = [
    ("ToCountry", "US"),
    ("MessageSid", "SM" + "a" * 32),
    ("AccountSid", "AC" + "1" * 32),
    ("From", "+13125550147"),
    ("To", "+13125550100"),
    ("Body", "Kia ora! Is class on? 🤸 100% & more"),
    ("NumMedia", "0"),
    ("FromCity", ""),
]


def test_an_authentic_text_is_accepted() -> None:
    webhook = signed(URL, INBOUND)
    assert webhook.accepted_by_the_sdk()
    assert webhook.accepted()


def test_the_documented_example_is_accepted() -> None:
    """From Twilio's guide to webhook security; neither our code nor the SDK computed it here."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]
    webhook = replace(signed(url, fields), signature="RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    line = replace(LINE, credentials={**LINE.credentials, "auth_token": "12345"})
    assert webhook.accepted_by_the_sdk("12345")
    assert webhook.accepted(line)


# Any form, however it is spelled.

NAMES = st.sampled_from(["Body", "From", "MediaUrl0", "A", "a", "Ab", "", "Ünï", "Body ", "x[]"]) | st.text(max_size=8)
VALUES = st.sampled_from(["", " ", "+1", "a b", "a+b", "100%", "&=?", "\r\n", "\x00", "🤸", "é", "é"]) | st.text(
    max_size=20
)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=8).flatmap(
    lambda pairs: st.permutations([*pairs, *pairs[:2], *[(name, value + "2") for name, value in pairs[:2]]])
)
HOSTS = st.sampled_from(["text.example.com", "Text.Example.COM", "localhost", "192.0.2.7", "user:secret@example.com"])
PATHS = st.sampled_from(["", "/", "/webhooks/twilio/1/inbound", "/a%20b", "/é", "/x/"])
QUERIES = st.sampled_from(["", "?message_id=1", "?a=1&a=2&b=", "?q=%C3%A9+x", "?url=http://h:80/"])


@st.composite
def urls(draw: st.DrawFn) -> str:
    host = draw(HOSTS)
    port = "" if "@" in host else draw(st.sampled_from(["", ":443", ":80", ":8443"]))
    return draw(st.sampled_from(["https", "http"])) + "://" + host + port + draw(PATHS) + draw(QUERIES)


@settings(max_examples=80, deadline=None)
@given(urls(), FIELDS)
def test_any_form_that_twilio_signs_is_accepted(url: str, fields: Pairs) -> None:
    webhook = signed(url, fields)
    assert webhook.accepted_by_the_sdk()
    assert webhook.accepted()


def other_port(url: str) -> str:
    """The same URL with its scheme's standard port added, or with its port taken away."""
    parts = urlsplit(url)
    if parts.port is None:
        return urlunsplit(parts._replace(netloc=f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}"))
    return urlunsplit(parts._replace(netloc=parts.netloc.removesuffix(f":{parts.port}")))


@settings(max_examples=50, deadline=None)
@given(urls(), FIELDS)
def test_the_standard_port_may_be_signed_or_not(url: str, fields: Pairs) -> None:
    webhook = signed(url, fields, signed_url=other_port(url))
    assert webhook.accepted_by_the_sdk()
    assert webhook.accepted()


@settings(max_examples=50, deadline=None)
@given(FIELDS, st.randoms(use_true_random=False))
def test_the_order_of_the_fields_and_the_spelling_of_their_escapes_change_nothing(
    fields: Pairs,
    random: Random,
) -> None:
    webhook = signed(URL, fields)
    shuffled = list(fields)
    random.shuffle(shuffled)
    spelled = "&".join(
        f"{random.choice((quote, quote_plus))(name, safe='')}={random.choice((quote, quote_plus))(value, safe='')}"
        for name, value in shuffled
    )
    respelled = replace(webhook, body=spelled.encode())
    assert respelled.accepted_by_the_sdk()
    assert respelled.accepted()


@pytest.mark.parametrize(
    "content_type",
    [FORM, FORM + "; charset=UTF-8", FORM + ";charset=utf-8", FORM.upper(), f" {FORM} ; charset=utf-8; x=y"],
)
def test_the_content_type_may_name_a_charset(content_type: str) -> None:
    webhook = replace(signed(URL, INBOUND), content_type=content_type)
    assert webhook.accepted_by_the_sdk()
    assert webhook.accepted()


# Anything altered.


def flipped(signature: str) -> str:
    raw = bytearray(base64.b64decode(signature))
    raw[7] ^= 1
    return base64.b64encode(raw).decode()


ALTERATIONS: dict[str, dict[str, str | bytes | None]] = {
    "no signature": {"signature": None},
    "an empty signature": {"signature": ""},
    "a signature of something else": {"signature": signed(URL, []).signature},
    "one bit of the signature": {"signature": flipped(signed(URL, INBOUND).signature or "")},
    "space after the signature": {"signature": f"{signed(URL, INBOUND).signature} "},
    "a signature in another case": {"signature": (signed(URL, INBOUND).signature or "").swapcase()},
    "a signature beyond ASCII": {"signature": "\xe9" * 28},
    "another token": {"signature": signed(URL, INBOUND, token="0" * 32).signature},
    "another path": {"url": URL.replace("inbound", "status")},
    "a trailing slash": {"url": URL + "/"},
    "another host": {"url": URL.replace("example.com", "example.org")},
    "another scheme": {"url": URL.replace("https", "http")},
    "a query": {"url": URL + "?a=1"},
    "no body": {"body": b""},
    "a trimmed body": {"body": urlencode([(name, value.strip("1 ")) for name, value in INBOUND]).encode()},
    "a field more": {"body": urlencode([*INBOUND, ("More", "1")]).encode()},
    "a blank field more": {"body": urlencode([*INBOUND, ("More", "")]).encode()},
    "a field less": {"body": urlencode(INBOUND[:-2]).encode()},
    "a second value": {"body": urlencode([*INBOUND, ("To", "+1")]).encode()},
    "another value": {"body": urlencode([*INBOUND[:5], ("Body", "STOP"), *INBOUND[6:]]).encode()},
    "another sender": {"body": urlencode(INBOUND).replace("5550147", "5550148").encode()},
    "a value in another case": {"body": urlencode(INBOUND).replace("ora", "Ora").encode()},
    "no content type": {"content_type": None},
    "a text's content type": {"content_type": "text/plain"},
    "a JSON content type": {"content_type": "application/json"},
    "a multipart content type": {"content_type": "multipart/form-data; boundary=x"},
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_a_webhook_that_was_altered_is_refused(alteration: str) -> None:
    webhook = replace(signed(URL, INBOUND), **ALTERATIONS[alteration])  # type: ignore[arg-type]  # Its fields.
    assert not webhook.accepted_by_the_sdk()
    assert not webhook.accepted()


@settings(max_examples=80, deadline=None)
@given(urls(), FIELDS, FIELDS, st.sampled_from([TOKEN, "other"]), st.booleans(), st.booleans())
def test_on_any_pair_of_what_was_signed_and_what_came_both_say_the_same(
    url: str, signed_fields: Pairs, fields: Pairs, token: str, same_fields: bool, same_url: bool
) -> None:
    original = signed(url, signed_fields, signed_url=url if same_url else url + "x", token=token)
    came = original if same_fields else replace(original, body=urlencode(list(fields)).encode())
    assert came.accepted() is came.accepted_by_the_sdk()


@settings(max_examples=80, deadline=None)
@given(st.text(st.sampled_from("ab=&%+;C3A9F0 \r\n\x00é"), max_size=40), st.booleans())
def test_on_any_broken_form_both_say_the_same(body: str, signed_as_it_is: bool) -> None:
    raw = body.encode()
    signature = RequestValidator(TOKEN).compute_signature(URL, decoded(raw) if signed_as_it_is else {})
    webhook = Webhook(URL, FORM, raw, signature)
    assert webhook.accepted() is webhook.accepted_by_the_sdk()


@pytest.mark.parametrize("escape", ["%FF", "%ED%A0%80", "%C3", "%00", "%zz", "%"])
def test_escapes_that_spell_no_utf_8_are_read_as_the_framework_reads_them(escape: str) -> None:
    raw = f"Body=a{escape}b&From=%2B1".encode()
    webhook = Webhook(URL, FORM, raw, RequestValidator(TOKEN).compute_signature(URL, decoded(raw)))
    assert webhook.accepted_by_the_sdk()
    assert webhook.accepted()


@pytest.mark.parametrize("raw", [b"Body=\xff", b"\xff=1", b"Body=\xed\xa0\x80"])
def test_bytes_that_are_no_utf_8_are_refused_and_break_nothing(raw: bytes) -> None:
    for signature in (signed(URL, []).signature, signed(URL, [("Body", "\N{REPLACEMENT CHARACTER}")]).signature):
        assert not Webhook(URL, FORM, raw, signature).accepted()


@pytest.mark.parametrize("count", [500, 501, 5000])
def test_RECV_NOTHING_LOST_what_is_authentic_is_let_in_however_many_fields_it_has(count: int) -> None:
    """`split_webhook` keeps it whole as unreadable: refused, it would be lost."""
    webhook = signed(URL, [(f"f{number}", "") for number in range(count)])
    assert webhook.accepted_by_the_sdk()
    assert webhook.accepted()


# Bodies that are no form.


@pytest.mark.parametrize("body", [b"{}", b'{"a": "\xc3\xa9"}', b"", b" {} \n", b"not json"])
def test_a_json_body_is_covered_by_its_hash_in_the_signed_url(body: bytes) -> None:
    webhook = signed_json(body)
    assert webhook.accepted_by_the_sdk()
    assert webhook.accepted()


@pytest.mark.parametrize(
    ("webhook", "why"),
    [
        (replace(signed_json(b'{"a":1}'), body=b'{"a":2}'), "another body"),
        (replace(signed_json(b'{"a":1}'), body=b'{"a":1} '), "a space more"),
        (replace(signed_json(b'{"a":1}'), body=b""), "no body"),
        (signed_json(b'{"a":1}', digest="0" * 64), "another hash, signed"),
        (signed_json(b'{"a":1}', digest=hashlib.sha256(b'{"a":1}').hexdigest().upper()), "the hash in capitals"),
        (signed_json(b'{"a":1}', digest=""), "an empty hash"),
        (signed_json(b'{"a":1}', digest="x&bodySHA256=" + hashlib.sha256(b'{"a":1}').hexdigest()), "the hash second"),
        (signed_json(b'{"a":1}', digest="%C3%A9"), "a hash beyond ASCII"),
        (replace(signed_json(b'{"a":1}'), url=URL), "no hash"),
        (replace(signed_json(b'{"a":1}'), signature="x"), "another signature"),
        (Webhook(URL, "application/json", b"{}", RequestValidator(TOKEN).compute_signature(URL, {})), "unhashed"),
    ],
)
def test_a_json_body_that_its_hash_does_not_cover_is_refused(webhook: Webhook, why: str) -> None:
    assert not webhook.accepted_by_the_sdk(), why
    assert not webhook.accepted(), why


def test_a_form_is_covered_by_the_signature_itself_whatever_hash_the_url_carries() -> None:
    webhook = signed(URL + "?bodySHA256=" + "0" * 64, INBOUND)
    assert webhook.accepted_by_the_sdk()
    assert webhook.accepted()


@pytest.mark.parametrize("url", [URL, URL + "?a=1", URL + "?nobodySHA256=1", URL + "/bodySHA256"])
@pytest.mark.parametrize("content_type", [None, FORM, "application/json"])
def test_an_empty_body_is_covered_by_the_url_alone(url: str, content_type: str | None) -> None:
    webhook = Webhook(url, content_type, b"", RequestValidator(TOKEN).compute_signature(url, {}))
    assert webhook.accepted_by_the_sdk()
    assert webhook.accepted()
    assert not replace(webhook, url=url + "x").accepted()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["", "?", "?bodySHA256=", "?a=1&bodySHA256="]), st.booleans())
def test_on_any_text_body_both_say_the_same(text: str, query: str, right: bool) -> None:
    body = text.encode()
    digest = hashlib.sha256(body if right else body + b"x").hexdigest() if "=" in query else ""
    url = URL + (query + digest if len(query) > 1 else "")
    webhook = Webhook(url, "application/json", body, RequestValidator(TOKEN).compute_signature(url, {}))
    assert webhook.accepted() is webhook.accepted_by_the_sdk()
