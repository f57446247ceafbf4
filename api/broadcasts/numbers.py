"""What a phone number itself says: whether it is one, its countries, its zones, and whether it is a fixed line. Pure.

For numbers of the United States and Canada all of that follows from the area code and the three digits after it. They
are read once for each of these, since `phonenumbers` takes about 0.1 ms a number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_geographical_number, time_zones_for_number

from api.kit.phone import is_phone_number
from api.providers.sandbox.numbers import is_test_number

_NORTH_AMERICAN = re.compile(r"\+1[2-9][0-9]{9}\Z")
_BLOCK = len("+1312555")

CERTAINLY_FIXED = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.PAGER, PhoneNumberType.VOICEMAIL})
"""Types that take no texts. Where a plan does not tell fixed lines from mobiles, as in the United States, nothing is
left out."""


@dataclass(frozen=True, slots=True)
class NumberFacts:
    is_phone_number: bool
    is_fixed_line: bool
    zones: Sequence[str]
    """IANA names of every zone that its area may be in. Empty if they are not known."""


def facts_of(number: str) -> NumberFacts:
    """The facts of a stored number, or of a sender that is not a number."""
    if _NORTH_AMERICAN.match(number):
        block = _block_facts(number[:_BLOCK])
        if block is not None:
            return block
    return _facts(number)


def stand_in(number: str) -> str:
    """A number of the same country: the same for all numbers whose facts are read together."""
    if is_test_number(number):  # No other number of its block goes out on the same line.
        return number
    if _NORTH_AMERICAN.match(number) and _block_facts(number[:_BLOCK]) is not None:
        return _of_block(number[:_BLOCK])
    return number


def _of_block(block: str) -> str:
    return f"{block}0123"


@lru_cache(maxsize=16_384)
def _block_facts(block: str) -> NumberFacts | None:
    """Of all numbers that begin so. None where the plan tells them apart further on, as in some of the Caribbean."""
    parsed = phonenumbers.parse(_of_block(block))
    if phonenumbers.region_code_for_number(parsed) not in {"US", "CA"}:
        return None
    return NumberFacts(True, phonenumbers.number_type(parsed) in CERTAINLY_FIXED, _zones(parsed))


@lru_cache(maxsize=16_384)
def _facts(number: str) -> NumberFacts:
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return NumberFacts(False, False, ())
    is_fixed = phonenumbers.number_type(parsed) in CERTAINLY_FIXED
    return NumberFacts(is_phone_number(number), is_fixed, _zones(parsed))


def _zones(parsed: phonenumbers.PhoneNumber) -> Sequence[str]:
    for found in (time_zones_for_number(parsed), time_zones_for_geographical_number(parsed)):
        known = tuple(zone for zone in found if zone != UNKNOWN_TIMEZONE)
        if known:
            return known
    return ()
