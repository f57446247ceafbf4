"""Phone numbers: E.164 inside, forgiving at the door."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

SHORT_CODE = re.compile(r"[0-9]{3,7}\Z")
"""A line's own number may be a short code of 3 to 7 digits (New Zealand carriers require them)."""

E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")


class InvalidPhoneNumberError(ValueError):
    """What was given is not a phone number. The message says so in words for a person."""


@lru_cache(maxsize=65_536)
def parse_phone_number(text: str, *, country: str) -> str:
    """The E.164 form of `text`, read as dialled in `country` (ISO 3166 alpha-2) unless it has a `+`.

    Raises `InvalidPhoneNumberError`.
    """
    shown = text.strip()[:40]
    try:
        parsed = phonenumbers.parse(text, country.upper())
    except NumberParseException:
        raise InvalidPhoneNumberError(f"“{shown}” is not a phone number.") from None
    # A number without its area code is possible only from next door: nobody can text it.
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        raise InvalidPhoneNumberError(f"“{shown}” is not a possible phone number in {country.upper()}.")
    formatted: str = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if not E164.match(formatted):
        raise InvalidPhoneNumberError(f"“{shown}” is not a possible phone number in {country.upper()}.")
    return formatted


def parse_line_number(text: str, *, country: str) -> str:
    """The number of a business line: E.164, or a short code of 3 to 7 digits."""
    stripped = re.sub(r"[\s-]", "", text)
    if SHORT_CODE.match(stripped):
        return stripped
    return parse_phone_number(text, country=country)


def country_of(phone_number: str) -> str | None:
    """ISO 3166 alpha-2 country of an E.164 number, or None where it cannot be told."""
    try:
        region: str | None = phonenumbers.region_code_for_number(phonenumbers.parse(phone_number))
    except NumberParseException:
        return None
    return region


@lru_cache(maxsize=65_536)
def possible_countries(phone_number: str) -> frozenset[str]:
    """The countries that an E.164 number may belong to: one, or those that share its prefix where it cannot be told.

    Empty for what is not E.164. Networks of no country (+883 …) are in the country `001`.
    """
    if not E164.match(phone_number):
        return frozenset()
    try:
        parsed = phonenumbers.parse(phone_number)
    except NumberParseException:
        return frozenset()
    region: str | None = phonenumbers.region_code_for_number(parsed)
    return frozenset({region} if region else phonenumbers.region_codes_for_country_code(parsed.country_code or 0))


def national_format(phone_number: str) -> str:
    """How a person in the number's own country writes it; a short code stays as it is."""
    try:
        parsed = phonenumbers.parse(phone_number)
    except NumberParseException:
        return phone_number
    formatted: str = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    return formatted


def masked(phone_number: str) -> str:
    """For logs: the last four digits only."""
    return f"…{phone_number[-4:]}"
