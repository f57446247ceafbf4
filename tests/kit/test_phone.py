"""Phone numbers: E.164 inside, forgiving at the door."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.kit.phone import (
    E164,
    InvalidPhoneNumberError,
    country_of,
    masked,
    parse_line_number,
    parse_phone_number,
    shown_number,
)

E164_SHAPE = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
FULLWIDTH_3125550147 = "".join(chr(0xFF10 + int(digit)) for digit in "3125550147")
ARABIC_123 = "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}\N{ARABIC-INDIC DIGIT THREE}"


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+13125550147", "US", "+13125550147"),
        ("+13125550147", "NZ", "+13125550147"),
        ("3125550147", "US", "+13125550147"),
        ("(312) 555-0147", "US", "+13125550147"),
        (" 312.555.0147 ", "us", "+13125550147"),
        ("1 312 555 0147", "US", "+13125550147"),
        ("011 64 21 123 456", "US", "+6421123456"),
        ("021 123 456", "NZ", "+6421123456"),
        ("+64 21 123 456", "US", "+6421123456"),
        ("0064 21 123 456", "GB", "+6421123456"),
        ("07400 123456", "GB", "+447400123456"),
        ("0412 345 678", "AU", "+61412345678"),
        (FULLWIDTH_3125550147, "US", "+13125550147"),
    ],
)
def test_a_number_is_read_as_dialled_in_the_business_s_country(text: str, country: str, expected: str) -> None:
    assert parse_phone_number(text, country=country) == expected


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("", "US"),
        (" ", "US"),
        ("+", "US"),
        ("Okafor", "US"),
        ("12", "US"),
        ("911", "US"),
        ("555-0147", "US"),  # Seven digits reach somebody only within one area: they are nobody's E.164 number.
        ("+1 555 0147", "US"),
        ("312 555 014", "US"),
        ("312 555 01477", "US"),
        ("+999 123 4567", "US"),
        ("+49 1234", "DE"),
        ("+49 123456789012345", "DE"),  # E.164 ends at fifteen digits, the country's code included.
        ("1" * 1000, "US"),
        ("+\x00", "US"),
        ("312 555 0147", "ZZ"),
        ("312 555 0147", ""),
    ],
)
def test_what_is_no_possible_number_is_refused_in_words_for_a_person(text: str, country: str) -> None:
    with pytest.raises(InvalidPhoneNumberError, match="phone number") as refused:
        parse_phone_number(text, country=country)
    assert len(str(refused.value)) < 120, "it quotes no more than the start of what was given"


DIALLED = st.text(st.sampled_from("+0123456789 -().x#*;,/ext"), max_size=24)


@settings(max_examples=150, deadline=None)
@given(st.one_of(DIALLED, st.text(max_size=40)), st.sampled_from(["US", "NZ", "DE", "IT", "GB", "FI", "ZZ"]))
def test_whatever_is_typed_becomes_e164_or_is_refused(text: str, country: str) -> None:
    try:
        number = parse_phone_number(text, country=country)
    except InvalidPhoneNumberError:
        return
    assert E164_SHAPE.fullmatch(number)
    assert parse_phone_number(number, country="ZZ") == number, "E.164 reads as itself from anywhere"


def test_only_ascii_digits_are_e164() -> None:
    assert E164.match("+13125550147")
    for text in (
        "13125550147",
        "+03125550147",
        "+131255",
        "+1312555014712345",
        "+13125550147\n",
        "+1" + ARABIC_123 * 3,
    ):
        assert not E164.match(text), text


@pytest.mark.parametrize("text", ["123", "12345", "123456", "1234567", "123-456", "12 345"])
def test_a_line_may_have_a_short_code_of_three_to_seven_digits(text: str) -> None:
    """New Zealand carriers require them."""
    assert parse_line_number(text, country="NZ") == re.sub(r"\D", "", text)


@pytest.mark.parametrize("text", ["12", "", "abc", "12345678", ARABIC_123])
def test_what_is_neither_short_code_nor_number_is_no_line(text: str) -> None:
    with pytest.raises(InvalidPhoneNumberError):
        parse_line_number(text, country="US")


def test_a_line_s_long_number_is_e164() -> None:
    assert parse_line_number("(312) 555-0100", country="US") == "+13125550100"


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+6421123456", "NZ"),
        ("+13125550147", "US"),
        ("+14165550147", "CA"),
        ("+61412345678", "AU"),
        ("12345", None),
        ("Okafor", None),
        ("", None),
        ("+9991234567", None),
    ],
)
def test_NZ_NOTICE_the_country_of_a_number_where_it_can_be_told(number: str, country: str | None) -> None:
    assert country_of(number) == country


@pytest.mark.parametrize(
    ("number", "country", "shown"),
    [
        ("+13125550147", "US", "(312) 555-0147"),
        ("+14165550123", "US", "(416) 555-0123"),
        ("+6421123456", "NZ", "021 123 456"),
        ("+27211234567", "NZ", "+27 21 123 4567"),
        ("+27211234567", "ZA", "021 123 4567"),
        ("+13125550147", "NZ", "+1 312-555-0147"),
        ("+447400123456", "US", "+44 7400 123456"),
        ("12345", "NZ", "12345"),
        ("312GYMTEAM", "US", "312GYMTEAM"),
        ("+9991234567", "US", "+9991234567"),
        ("", "US", ""),
    ],
)
def test_RECV_SENDER_a_number_of_another_country_is_shown_in_international_form(
    number: str, country: str, shown: str
) -> None:
    assert shown_number(number, country=country) == shown


def test_logs_get_the_last_four_digits_only() -> None:
    assert masked("+13125550147") == "…0147"
