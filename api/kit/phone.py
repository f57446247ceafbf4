"""Phone numbers: one spelling inside, lenient parsing for people, strict parsing for providers (NUMBER-ONE).

Three functions parse a number, and all end in `one_spelling`:
`parse_phone_number` parses the typing of a person or an integration, as dialled in a country;
`sender_of` parses a provider's sender of a text, and guesses nothing (RECV-SENDER);
`one_spelling` parses `+` and digits.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)
from pydantic import Field, StringConstraints

from api.kit.text import Body, kept_apart

SHORT_CODE = re.compile(r"[0-9]{3,7}\Z")
"""A line's own number may be a short code of 3 to 7 digits (New Zealand carriers require them)."""

E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")

MAX_SENDER = 320
"""Characters of a sender that is no phone number: the longest e-mail address."""

MAX_TYPED = 80
"""Characters of a number as a person types it, invisible marks included."""

NumberOrSender = Annotated[
    Body,
    StringConstraints(min_length=1, max_length=MAX_SENDER),
    Field(description="A phone number, as people write it or as the API returned it."),
]
"""A phone number in a path, a query or a body. A sender that is not a phone number is matched exactly (RECV-SENDER)."""

DROPPED_PREFIXES: Mapping[int, Mapping[str, str]] = MappingProxyType(
    {
        # Mexico: the mobile prefix 1 after +52, and the trunk prefixes 01, 044 and 045, ended on 3 August 2019.
        # Instituto Federal de Telecomunicaciones, Plan Tecnico Fundamental de Numeracion (Diario Oficial, 11 May 2018).
        52: {"1": "", "01": "", "044": "", "045": ""},
        # Chile: the trunk prefix 0 and the mobile prefix 09 became nine digits for everybody.
        # Subsecretaria de Telecomunicaciones, migration to nine digits (2016).
        56: {"09": "9", "0": ""},
        # Czech Republic: a closed plan of nine digits since 22 September 2002, without the trunk prefix 0.
        420: {"0": ""},
        # Poland: a closed plan of nine digits; the trunk prefix 0 ended in 2010 (Urzad Komunikacji Elektronicznej).
        48: {"0": ""},
    }
)
"""By calling code: a prefix that a numbering plan dropped from national numbers, and its replacement.

It is applied only where the number is not valid as it stands and is valid without the prefix. Trunk prefixes that are
still in use (0 in the United Kingdom, New Zealand and most of Europe, 8 in Russia, 06 in Hungary) and Argentina's 15
are in the metadata of `phonenumbers`. Italy, San Marino and the Vatican have none: their 0 is part of the number.
"""

_SUBSCRIBERS = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)
"""The types of number that tell a phone number of at most seven digits from a short code."""

_DASHES = "-\N{MINUS SIGN}\N{KATAKANA-HIRAGANA PROLONGED SOUND MARK}"
_PUNCTUATION = frozenset(" ()[]./~\N{MIDDLE DOT}\N{BULLET}\t" + _DASHES)

_EXTENSION = re.compile(r"(?i)[0-9)](?:ext(?:ension|n)?\.?|x|#|[,;]+(?:ext=)?)[:=#]?[0-9]{1,7}#?\Z")
"""At the end of a number without its spaces."""


class InvalidPhoneNumberError(ValueError):
    """The text is not a phone number. The message is for a person."""


# The one spelling.


def one_spelling(number: str) -> str | None:
    """E.164 as the numbering plan spells it today; None if `number` is not `+` and the digits of a possible number.

    Trunk prefixes and dropped mobile prefixes go. A number that is valid as it stands never changes.
    """
    return _one_spelling(number) if E164.match(number) else None


@lru_cache(maxsize=65_536)
def _one_spelling(number: str) -> str | None:
    for _ in range(4):  # Each round removes a prefix. Nobody writes more than two.
        try:
            parsed = phonenumbers.parse(number)
        except NumberParseException:
            return None
        code = parsed.country_code
        assert code is not None, "a parsed number has a calling code"
        shorter = _without_dropped_prefix(code, number[1 + len(str(code)) :])
        if shorter is None:
            shorter = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
        if shorter == number:
            # A number without its area code can be dialled locally only: nobody can text it.
            possible = phonenumbers.is_possible_number_with_reason(parsed) == ValidationResult.IS_POSSIBLE
            return number if possible else None
        number = shorter
        if not E164.match(number):
            return None
    return None


def _without_dropped_prefix(code: int, national: str) -> str | None:
    for prefix, replacement in DROPPED_PREFIXES.get(code, {}).items():
        if national.startswith(prefix) and not _is_valid(code, national):
            rest = replacement + national[len(prefix) :]
            if _is_valid(code, rest):
                return f"+{code}{rest}"
    return None


def _is_valid(code: int, national: str) -> bool:
    """Whether these digits, as they stand, are a number of that plan."""
    if not national.strip("0"):
        return False
    number = phonenumbers.PhoneNumber(country_code=code, national_number=int(national))
    if zeros := len(national) - len(national.lstrip("0")):
        number.italian_leading_zero = True
        number.number_of_leading_zeros = zeros
    return bool(phonenumbers.is_valid_number(number))


def is_phone_number(text: str) -> bool:
    """Whether it is a phone number in its one spelling. Only such a number is ever texted."""
    return one_spelling(text) == text


ERASED = "erased:"


def erased_mark(id: UUID) -> str:
    """What takes the place of a number that was erased."""
    return f"{ERASED}{id}"


def is_erased(number: str) -> bool:
    return number.startswith(ERASED)


def sender_of(given: str) -> str:
    """A text's sender as it is stored: the one spelling of a phone number, else the exact input (RECV-SENDER).

    An input that cannot be stored (NUL, more than `MAX_SENDER` characters) gets a digest, so that it stays distinct.
    """
    return one_spelling(given) or kept_apart(given, limit=MAX_SENDER)


# Other spellings of the same number.


def old_spellings(number: str) -> Sequence[str]:
    """Every other `+` and digits that `one_spelling` turns into this number."""
    # Numbers of +1 are never stored with a second 1.
    return _old_spellings(number) if E164.match(number) and not number.startswith("+1") else ()


@lru_cache(maxsize=16_384)
def _old_spellings(number: str) -> Sequence[str]:
    code, national = _split(number)
    if code is None:
        return ()
    metadata = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(code), None)
    trunk = metadata.national_prefix if metadata is not None else None
    written = {f"{prefix}{national}" for prefix in ("0", trunk, f"{trunk}0") if trunk or prefix == "0"}
    for prefix, replacement in DROPPED_PREFIXES.get(code, {}).items():
        if national.startswith(replacement):
            written.add(prefix + national[len(replacement) :])
    if code == 54 and national.startswith("9"):
        local = national[1:]
        written |= {f"{zero}{local[:area]}15{local[area:]}" for area in (2, 3, 4) for zero in ("", "0")}
    others = sorted(f"+{code}{each}" for each in written)
    return tuple(each for each in others if each != number and one_spelling(each) == number)


def variants(number: str) -> Sequence[str]:
    """Numbers that may be this one, where the numbering plan is ambiguous. They share refusals, not consent.

    Argentina: a mobile is +54 9 and ten digits to callers from abroad, and reaches us without the 9 too.
    Brazil: mobiles that began with 6 to 9 got a ninth digit, a 9 in front (Anatel, 2012 to 2016); carriers still send
    the shorter form.
    """
    if not number.startswith(("+54", "+55")):
        return ()
    code, national = _split(number)
    other: str | None = None
    if code == 54 and len(national) == 11 and national.startswith("9"):
        other = national[1:]
    elif code == 54 and len(national) == 10:
        other = f"9{national}"
    elif code == 55 and re.fullmatch(r"[1-9][1-9]9[6-9][0-9]{7}", national):
        other = national[:2] + national[3:]
    elif code == 55 and re.fullmatch(r"[1-9][1-9][6-9][0-9]{7}", national):
        other = f"{national[:2]}9{national[2:]}"
    return (f"+{code}{other}",) if other is not None and is_phone_number(f"+{code}{other}") else ()


def spellings(number: str) -> Sequence[str]:
    """The number, its old spellings and its variants, under all of which a refusal may be stored."""
    found = {number: None}
    for each in (number, *variants(number)):
        found |= dict.fromkeys((each, *old_spellings(each)))
    return tuple(found)


def _split(number: str) -> tuple[int | None, str]:
    """Calling code and national digits. The code is None if `number` is not a phone number in its one spelling."""
    if not is_phone_number(number):
        return None, ""
    code = phonenumbers.parse(number).country_code
    assert code is not None, "a parsed number has a calling code"
    return code, number[1 + len(str(code)) :]


# What people type.


@lru_cache(maxsize=65_536)
def parse_phone_number(text: str, *, country: str) -> str:
    """The one spelling of `text`, parsed as dialled in `country` (ISO 3166 alpha-2) unless it has a `+`.

    Invisible marks, every kind of space, dash and digit, `tel:` and `(0)` are understood. Raises
    `InvalidPhoneNumberError`, also for letters, extensions and short codes.
    """
    shown = text.strip()[:40]
    typed = _typed(text)
    if typed is None:
        if len(text) <= MAX_TYPED and _EXTENSION.search("".join(_plain(text).split())):
            raise InvalidPhoneNumberError(f"“{shown}” has an extension. Give the phone number without it.")
        raise InvalidPhoneNumberError(f"“{shown}” is not a phone number.")
    readings = [read for each in _without_trunk_mark(typed) if (read := _read(each, country.upper()))]
    valid = [each for each in readings if phonenumbers.is_valid_number(phonenumbers.parse(each))]
    if not readings:
        raise InvalidPhoneNumberError(f"“{shown}” is not a possible phone number in {country.upper()}.")
    number = (valid or readings)[0]
    if SHORT_CODE.match(typed) and phonenumbers.number_type(phonenumbers.parse(number)) not in _SUBSCRIBERS:
        raise InvalidPhoneNumberError(f"“{shown}” is a short code, not a phone number.")
    return number


def _read(typed: str, country: str) -> str | None:
    if typed.startswith("+"):
        return one_spelling(typed)
    try:
        parsed = phonenumbers.parse(typed, country)
    except NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(parsed) == ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return None
    return one_spelling(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))


def _plain(text: str) -> str:
    """The text without invisible characters and `tel:`, in compatibility form (full-width digits become ASCII)."""
    folded = unicodedata.normalize("NFKC", text)
    seen = "".join(each for each in folded if unicodedata.category(each) not in {"Cf", "Mn"}).strip()
    return seen[4:].strip() if seen[:4].lower() == "tel:" else seen


def _typed(text: str) -> str | None:
    """A leading `+` if there is one, digits, and `(0)`. None if there is any character that numbers do not have."""
    if len(text) > MAX_TYPED:
        return None
    kept: list[str] = []
    for place, character in enumerate(plain := _plain(text)):
        if character == "+":
            if kept:
                return None
            kept.append(character)
        elif character.isdecimal():
            digit = str(unicodedata.decimal(character))
            kept.append("(0)" if digit == "0" and plain[place - 1 : place + 2] == "(0)" else digit)
        elif character not in _PUNCTUATION and unicodedata.category(character) not in {"Zs", "Pd"}:
            return None
    return "".join(kept)


def _without_trunk_mark(typed: str) -> Sequence[str]:
    """Both readings of `(0)`: part of the number, as in Italy, or dialled within the country only."""
    if "(0)" not in typed:
        return (typed,)
    return (typed.replace("(0)", "0"), typed.replace("(0)", ""))


def parse_line_number(text: str, *, country: str) -> str:
    """The number of a business line: the one spelling, or a short code of 3 to 7 digits."""
    stripped = re.sub(r"[\s-]", "", text)
    if SHORT_CODE.match(stripped):
        return stripped
    return parse_phone_number(text, country=country)


# Showing.


def country_of(phone_number: str) -> str | None:
    """ISO 3166 alpha-2 country of an E.164 number, or None if it is ambiguous."""
    try:
        region: str | None = phonenumbers.region_code_for_number(phonenumbers.parse(phone_number))
    except NumberParseException:
        return None
    return region


@lru_cache(maxsize=65_536)
@lru_cache(maxsize=16_384)
def possible_countries(phone_number: str) -> frozenset[str]:
    """The countries that an E.164 number may belong to: one, or all that share an ambiguous prefix.

    Empty if the number is not E.164. Networks of no country (+883 …) are in the country `001`.
    """
    if not E164.match(phone_number):
        return frozenset()
    try:
        parsed = phonenumbers.parse(phone_number)
    except NumberParseException:
        return frozenset()
    region: str | None = phonenumbers.region_code_for_number(parsed)
    return frozenset({region} if region else phonenumbers.region_codes_for_country_code(parsed.country_code or 0))


def shown_number(number: str, *, country: str) -> str:
    """The number as people in `country` write it: national form for numbers of that country, else international form.

    Any other text is returned unchanged.
    """
    if not is_phone_number(number):
        return number
    parsed = phonenumbers.parse(number)
    home = phonenumbers.country_code_for_region(country.upper())
    form = PhoneNumberFormat.NATIONAL if parsed.country_code == home else PhoneNumberFormat.INTERNATIONAL
    formatted: str = phonenumbers.format_number(parsed, form)
    return formatted
