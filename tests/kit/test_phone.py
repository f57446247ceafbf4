"""Phone numbers: stored as E.164, read in many spellings."""

import re

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.kit.phone import (
    E164,
    MAX_SENDER,
    InvalidPhoneNumberError,
    country_of,
    is_phone_number,
    old_spellings,
    one_spelling,
    parse_line_number,
    parse_phone_number,
    sender_of,
    shown_number,
    spellings,
    variants,
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
def test_a_number_is_parsed_as_dialled_in_the_country(text: str, country: str, expected: str) -> None:
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
def test_an_impossible_number_is_refused_in_words_for_a_person(text: str, country: str) -> None:
    with pytest.raises(InvalidPhoneNumberError, match="phone number") as refused:
        parse_phone_number(text, country=country)
    assert len(str(refused.value)) < 120, "it quotes no more than the start of what was given"


DIALLED = st.text(st.sampled_from("+0123456789 -().x#*;,/ext"), max_size=24)


@settings(max_examples=150, deadline=None)
@given(st.one_of(DIALLED, st.text(max_size=40)), st.sampled_from(["US", "NZ", "DE", "IT", "GB", "FI", "ZZ"]))
def test_any_text_becomes_e164_or_is_refused(text: str, country: str) -> None:
    try:
        number = parse_phone_number(text, country=country)
    except InvalidPhoneNumberError:
        return
    assert E164_SHAPE.fullmatch(number)
    assert parse_phone_number(number, country="ZZ") == number, "E.164 reads as itself from anywhere"


@pytest.mark.parametrize(
    ("given", "one"),
    [
        ("+13125550147", "+13125550147"),
        ("+5215512345678", "+525512345678"),
        ("+52015512345678", "+525512345678"),
        ("+520445512345678", "+525512345678"),
        ("+520455512345678", "+525512345678"),
        ("+4407911123456", "+447911123456"),
        ("+610412345678", "+61412345678"),
        ("+640211234567", "+64211234567"),
        ("+270821234567", "+27821234567"),
        ("+3530851234567", "+353851234567"),
        ("+4901701234567", "+491701234567"),
        ("+330612345678", "+33612345678"),
        ("+788005551234", "+78005551234"),
        ("+3606201234567", "+36201234567"),
        ("+37580291234567", "+375291234567"),
        ("+54111523456789", "+5491123456789"),
        ("+5401123456789", "+541123456789"),
        ("+480512345678", "+48512345678"),
        ("+4200601234567", "+420601234567"),
        ("+560961234567", "+56961234567"),
        # In Italy the zero is part of the number.
        ("+390612345678", "+390612345678"),
        ("+3903123456789", "+3903123456789"),
        ("+393471234567", "+393471234567"),
        # What the plan does not settle stays as it is.
        ("+5491123456789", "+5491123456789"),
        ("+541123456789", "+541123456789"),
        ("+5511987654321", "+5511987654321"),
        ("+551187654321", "+551187654321"),
    ],
)
def test_NUMBER_ONE_trunk_zeros_and_dropped_mobile_prefixes_are_removed(given: str, one: str) -> None:
    assert one_spelling(given) == one
    assert one_spelling(one) == one
    assert parse_phone_number(given, country="US") == one, "people's numbers pass the same function"
    assert given == one or given in old_spellings(one)


CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
PLUS_AND_DIGITS = st.builds(
    "+{}{}{}".format,
    st.sampled_from([*CODES, *[7, 52, 54, 55, 56, 48, 39, 44, 64, 420] * 8]),
    st.sampled_from(["", "", "0", "1", "8", "9", "01", "044", "06", "15", "00"]),
    st.text("0123456789", min_size=4, max_size=11),
)


@st.composite
def numbers_of_some_country(draw: st.DrawFn) -> str:
    """Valid as they stand: an example of the plan with its last digits changed."""
    region = draw(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
    kind = draw(st.sampled_from([phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE]))
    example = phonenumbers.example_number_for_type(region, kind)
    if example is None:
        return "+13125550147"
    number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    return number[:-3] + f"{draw(st.integers(0, 999)):03}"


def valid_as_it_stands(number: str) -> bool:
    """By the library alone, without any of its prefix handling."""
    for length in (1, 2, 3):
        code, national = number[1 : 1 + length], number[1 + length :]
        if int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE and national.strip("0"):
            literal = phonenumbers.PhoneNumber(country_code=int(code), national_number=int(national))
            if zeros := len(national) - len(national.lstrip("0")):
                literal.italian_leading_zero, literal.number_of_leading_zeros = True, zeros
            return bool(phonenumbers.is_valid_number(literal))
    return False


@settings(max_examples=400, deadline=None)
@given(st.one_of(PLUS_AND_DIGITS, numbers_of_some_country()))
def test_NUMBER_ONE_the_one_spelling_is_stable_and_a_valid_number_never_changes(number: str) -> None:
    """So two different valid numbers never become one either."""
    one = one_spelling(number)
    if valid_as_it_stands(number):
        assert one == number
    if one is not None:
        assert one_spelling(one) == one
        assert is_phone_number(one)
        assert sender_of(number) == one == parse_phone_number(number, country="ZZ")
        for other in old_spellings(one):
            assert other != one
            assert one_spelling(other) == one
            assert not is_phone_number(other)
        for other in variants(one):
            assert other != one
            assert is_phone_number(other)
            assert variants(other) == (one,), "each is the other's variant"
        assert set(spellings(one)) >= {one, *old_spellings(one), *variants(one)}


@pytest.mark.parametrize(
    ("number", "other"),
    [
        ("+5491123456789", "+541123456789"),
        ("+5492211234567", "+542211234567"),
        ("+5511987654321", "+551187654321"),
        ("+5521998765432", "+552198765432"),
    ],
)
def test_NUMBER_ONE_ambiguous_numbers_have_a_variant(number: str, other: str) -> None:
    assert variants(number) == (other,)
    assert variants(other) == (number,)


@pytest.mark.parametrize("number", ["+13125550147", "+525512345678", "+551132345678", "+5511932345678", "72345", ""])
def test_NUMBER_ONE_other_numbers_have_no_variants(number: str) -> None:
    """A Brazilian landline, or a mobile that never had eight digits, is nobody else's number."""
    assert variants(number) == ()


EXACT = [
    *("72345", "24680", "199123", "1", "312GYMTEAM", "800FLOWERS", "BANK", "Gym 4", "parent@example.com"),
    *("whatsapp:+13125550147", "rcs:agent", "tel:+13125550147", "3125550147", "13125550147", "0013125550147"),
    *("0211234567", " +13125550147", "+13125550147 ", "+1 312 555 0147", "+1-312-555-0147", "++13125550147", "+"),
    *(FULLWIDTH_3125550147, "+1" + FULLWIDTH_3125550147, "+" + ARABIC_123 * 4, "\u200e+13125550147", "+0123456789"),
    *(
        "+1312555",
        "+9991234567",
        "+13125550147x5",
        "+72345",
        "+131255501471234567",
        "  ",
        "\n",
        "Cafe\u0301",
        "Caf\u00e9",
    ),
]


@pytest.mark.parametrize("sender", EXACT)
def test_RECV_SENDER_any_other_sender_stays_exactly_as_it_came(sender: str) -> None:
    assert sender_of(sender) == sender
    assert not is_phone_number(sender)


@settings(max_examples=150, deadline=None)
@given(st.one_of(DIALLED, st.text(max_size=400), PLUS_AND_DIGITS), st.one_of(DIALLED, st.text(max_size=400)))
def test_RECV_SENDER_two_senders_become_one_only_if_they_are_one_phone_number(one: str, other: str) -> None:
    kept = sender_of(one)
    assert sender_of(kept) == kept
    assert len(kept) <= MAX_SENDER
    kept.encode()
    assert "\x00" not in kept
    assert is_phone_number(kept) or kept == one or len(one) > MAX_SENDER or "\x00" in one or "\ufffd" in kept
    if one != other and kept == sender_of(other):
        assert is_phone_number(kept)


def test_RECV_SENDER_unstorable_senders_stay_distinct() -> None:
    kept = [sender_of(each) for each in ("a\x00", "a\ud800", "a\ufffd", "x" * 400, "x" * 401, "x" * 320)]
    assert len(set(kept)) == len(kept)


@pytest.mark.parametrize(
    ("typed", "country", "expected"),
    [
        ("tel:+13125550147", "NZ", "+13125550147"),
        ("TEL:312-555-0147", "US", "+13125550147"),
        ("+44 (0)7911 123456", "US", "+447911123456"),
        ("(0)21 123 4567", "NZ", "+64211234567"),
        ("+39 (0)6 1234 5678", "US", "+390612345678"),
        ("+47 (0)412 34 567", "US", "+4741234567"),
        ("\u200e+1\u00a0312\u2011555\u20110147\u202c", "NZ", "+13125550147"),
        ("\u202a+1 312 555 0147\u202c", "US", "+13125550147"),
        ("312\u200b555\u2060 0147", "US", "+13125550147"),
        ("312 \u2013 555 \u2212 0147", "US", "+13125550147"),
        ("312\u30fc555-0147", "US", "+13125550147"),
        ("\uff0b1 312.555.0147", "NZ", "+13125550147"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("1 55 1234 5678", "MX", "+525512345678"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("612345", "FO", "+298612345"),
        ("555 1234", "IS", "+3545551234"),
    ],
)
def test_NUMBER_ONE_typed_numbers_are_understood(typed: str, country: str, expected: str) -> None:
    assert parse_phone_number(typed, country=country) == expected


@pytest.mark.parametrize(
    ("typed", "country", "why"),
    [
        ("312-555-0147 ext 5", "US", "has an extension"),
        ("312-555-0147 ext. 5", "US", "has an extension"),
        ("+1 (312) 555-0147 x5", "US", "has an extension"),
        ("tel:+1-312-555-0147;ext=5", "US", "has an extension"),
        ("+1 312 555 0147#12", "US", "has an extension"),
        ("+1 312 555 0147,,5", "US", "has an extension"),
        ("1-800-FLOWERS", "US", "is not a phone number"),
        ("312GYMTEAM", "US", "is not a phone number"),
        ("Rosa", "US", "is not a phone number"),
        ("call 312 555 0147", "US", "is not a phone number"),
        ("whatsapp:+13125550147", "US", "is not a phone number"),
        ("rosa@example.com", "US", "is not a phone number"),
        ("+1 312 555 0147 / +1 312 555 0148", "US", "is not a phone number"),
        ("24680", "NZ", "is a short code"),
        ("199123", "AU", "is a short code"),
        ("131 166", "AU", "is a short code"),
    ],
)
def test_RECV_SENDER_letters_extensions_and_short_codes_are_refused(typed: str, country: str, why: str) -> None:
    with pytest.raises(InvalidPhoneNumberError, match=why):
        parse_phone_number(typed, country=country)


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
def test_a_line_number_that_is_neither_short_code_nor_number_is_refused(text: str) -> None:
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
def test_NZ_NOTICE_the_country_of_a_number(number: str, country: str | None) -> None:
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
