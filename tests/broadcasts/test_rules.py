"""The states of a mass text, its warnings, its text, and its audience, as pure rules."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.broadcasts.audience_rules import Sifter, decides
from api.broadcasts.fields import SegmentCount, Wording
from api.broadcasts.numbers import facts_of, stand_in
from api.broadcasts.rules import (
    AHEAD_SECONDS,
    BroadcastState,
    Deed,
    LeftOut,
    WarningKind,
    after,
    may_queue,
    warnings,
)
from api.directory.rules import OwnerKind
from api.kit.phone import country_of
from api.saved_replies.rules import Person

STATES = """
            change    schedule  send     pause   resume  cancel     finish
draft       draft     scheduled sending  -       -       cancelled  -
scheduled   draft     -         sending  paused  -       cancelled  -
sending     -         -         -        paused  -       cancelled  sent
paused      -         -         -        -       sending cancelled  -
sent        -         -         -        -       -       -          -
cancelled   -         -         -        -       -       -          -
"""


def test_MASS_STATES_is_this_table() -> None:
    head, *rows = (line.split() for line in STATES.strip().splitlines())
    for state, *results in rows:
        for deed, result in zip(head, results, strict=True):
            found = after(BroadcastState(state), Deed(deed))
            assert (found.value if found else "-") == result, (state, deed)


@pytest.mark.parametrize(
    ("body", "footer", "kinds"),
    [
        ("We close at 4 today.", "Reply STOP to opt out.", []),
        ("We close at 4 today. Text stop to end these.", "", []),
        ("We close at 4 today.", "", [WarningKind.NO_WAY_TO_STOP]),
        ("Don't make us unstoppable!", "", [WarningKind.NO_WAY_TO_STOP]),
        ("Hi [name], we close at 4.", "STOP ends", [WarningKind.UNFILLED_FIELD]),
        ("Hi {{first_name}}", "STOP ends", [WarningKind.UNFILLED_FIELD]),
        ("Meet at ___ tomorrow", "STOP ends", [WarningKind.UNFILLED_FIELD]),
        ("This is a test", "STOP ends", [WarningKind.TEST_WORDS]),
        ("The latest contest results", "STOP ends", []),
        ("See https://bit.ly/3x and https://gym.example/a", "STOP ends", [WarningKind.LINK_SHORTENER]),
        ("See BIT.LY/3x", "STOP ends", [WarningKind.LINK_SHORTENER]),
        ("See https://www.tinyurl.com/gym", "STOP ends", [WarningKind.LINK_SHORTENER]),
        ("Write to desk@bit.ly or see rabbit.ly", "STOP ends", []),
        ("asdf bit.ly/1 [date]", "", list(WarningKind)[:4]),
    ],
)
def test_what_looks_like_a_mistake_is_warned_of(body: str, footer: str, kinds: list[WarningKind]) -> None:
    assert [each.kind for each in warnings(body, footer=footer, unknown_fields=[])] == kinds


def test_MASS_FAIR_a_line_with_a_rate_queues_what_it_sends_in_two_minutes() -> None:
    assert may_queue([1.0], queued=0, batch=200) == AHEAD_SECONDS
    assert may_queue([1.0], queued=100, batch=200) == AHEAD_SECONDS - 100
    assert may_queue([1.0], queued=500, batch=200) == 0
    assert may_queue([0.1], queued=0, batch=200) == 50
    assert may_queue([None], queued=10_000, batch=200) == 200
    assert may_queue([1.0, None], queued=10_000, batch=200) == 200


# Fields.

ROSA = Person(name="Rosa Rivera", family="Rivera", students=["Mia Rivera", "Leo Rivera"], classes=["Level 3"])


def wording(body: str, **more: str) -> Wording:
    fallbacks = {name: text for name, text in more.items() if name not in {"header", "footer"}}
    return Wording.of(body, more.get("header", ""), more.get("footer", ""), fallbacks, business="Tumble", my_name="Ada")


def test_fields_are_filled_in_with_header_and_footer() -> None:
    text = "Hi {first_name}, {student_first_names} of {class}: meet moved. {my_name}, {business} {smile}"
    given_text = wording(text, header="Tumble Gym", footer="Reply STOP to opt out.")
    values = given_text.values([ROSA])
    assert given_text.is_whole(values)
    assert given_text.text(values) == (
        "Tumble Gym\nHi Rosa, Mia and Leo of Level 3: meet moved. Ada, Tumble {smile}\nReply STOP to opt out."
    )


def test_a_recipient_without_a_value_is_left_out_or_gets_the_fallback_as_the_writer_chose() -> None:
    nobody = [Person(name="", family=None)]
    strict = wording("Hi {first_name}!")
    assert not strict.is_whole(strict.values(nobody))
    lenient = wording("Hi {first_name}!", first_name="there")
    assert lenient.is_whole(lenient.values(nobody))
    assert lenient.text(lenient.values(nobody)) == "Hi there!"


def test_two_people_at_one_number_have_no_first_name_in_common() -> None:
    couple = [ROSA, Person(name="Ben Rivera", family="Rivera")]
    given_text = wording("Hi {first_name} of the {family} family")
    assert given_text.values(couple) == {"family": "Rivera"}


def test_a_value_that_looks_like_a_field_is_no_field() -> None:
    given_text = wording("Hi {first_name}!")
    assert given_text.text(given_text.values([Person(name="{business}", family=None)])) == "Hi {business}!"


def test_MASS_PREVIEW_segments_are_counted_on_the_filled_in_text() -> None:
    given_text = wording("{first_name}" + "x" * 156)
    count = SegmentCount()
    for name in ("Rosa", "Roberta", "Łucja"):
        count.add(given_text.text(given_text.values([Person(name=name, family=None)])))
    assert (count.least, count.most, count.total) == (1, 3, 6)


# Numbers.


@pytest.mark.parametrize(
    ("number", "is_number", "is_fixed"),
    [
        ("+13125550101", True, False),
        ("+442079460000", True, True),
        ("+447911123456", True, False),
        ("+493012345678", True, True),
        ("+18763456789", True, False),
        ("312GYMTEAM", False, False),
        ("22395", False, False),
        ("erased:018f", False, False),
    ],
)
def test_MASS_PREVIEW_a_certain_fixed_line_is_told(number: str, is_number: bool, is_fixed: bool) -> None:
    facts = facts_of(number)
    assert (facts.is_phone_number, facts.is_fixed_line) == (is_number, is_fixed)


@given(st.integers(2_000_000_000, 9_999_999_999))
def test_a_north_american_number_has_the_country_of_its_stand_in(national: int) -> None:
    number = f"+1{national}"
    if stand_in(number) != number:
        assert country_of(stand_in(number)) in {"US", "CA"}
        assert country_of(number) in {country_of(stand_in(number)), None}


# Audience.

NUMBERS = [f"+131255501{n:02}" for n in range(12)]
REASONS = {number: [None, None, "stopped", "opted_out"][n % 4] for n, number in enumerate(NUMBERS)}


@dataclass(frozen=True)
class Candidate:
    kind: OwnerKind | None
    owner_id: UUID | None
    phone_number_id: UUID | None
    number: str | None
    reason: str | None = None
    is_shared: bool = True


class Outcome(NamedTuple):
    candidate: Candidate
    reason: str | None


def record(owner: int, kind: OwnerKind | None, numbers: list[int]) -> list[Candidate]:
    owner_id = UUID(int=owner) if kind else None
    if not numbers:
        return [Candidate(kind, owner_id, None, None)] if kind else []
    return [
        Candidate(kind, owner_id, UUID(int=1000 + n), NUMBERS[n], reason=REASONS[NUMBERS[n]])
        for n in (numbers if kind else numbers[:1])
    ]


RECORDS = st.lists(
    st.tuples(
        st.sampled_from([OwnerKind.FAMILY, OwnerKind.STAFF_MEMBER, None]),
        st.lists(st.integers(0, len(NUMBERS) - 1), max_size=4, unique=True),
    ),
    max_size=12,
)


def sift(records: list[list[Candidate]], *, first_only: bool) -> list[list[Outcome]]:
    sifter = Sifter(first_only=first_only)
    return [list(map(Outcome, each, sifter.decide(each))) for each in records]


@given(RECORDS, st.booleans())
def test_MASS_WHO_each_number_once_and_each_other_has_exactly_one_reason(
    given_records: list[tuple[OwnerKind | None, list[int]]], first_only: bool
) -> None:
    records = [record(n, kind, numbers) for n, (kind, numbers) in enumerate(given_records)]
    outcomes = [each for some in sift(records, first_only=first_only) for each in some]

    # The counts add up: every candidate has one outcome.
    assert len(outcomes) == sum(len(some) for some in records)
    # Each number once, whoever shares it.
    decided = Counter(each.candidate.number for each in outcomes if decides(each.reason) and each.candidate.number)
    assert set(decided.values()) <= {1}
    texted = {each.candidate.number for each in outcomes if each.reason is None}
    for each in outcomes:
        number = each.candidate.number
        if each.reason is None:
            assert number is not None
            assert REASONS[number] is None
        elif each.reason == LeftOut.NO_NUMBER:
            assert number is None
        elif each.reason == LeftOut.DUPLICATE:
            assert number in decided
        elif each.reason == LeftOut.ANOTHER_CONTACT:
            assert first_only
            assert each.candidate.kind is OwnerKind.FAMILY
        else:
            assert number is not None
            assert each.reason == REASONS[number]
            assert number not in texted
    if not first_only:
        everyone = {each.number for some in records for each in some if each.number}
        assert texted == {number for number in everyone if REASONS[number] is None}
        assert set(decided) == everyone


@given(RECORDS, st.booleans())
def test_MASS_WHO_only_shared_numbers_need_to_be_remembered(
    given_records: list[tuple[OwnerKind | None, list[int]]], first_only: bool
) -> None:
    records = [record(n, kind, numbers) for n, (kind, numbers) in enumerate(given_records)]
    uses = Counter(each.number for some in records for each in some)
    told = [[replace(each, is_shared=uses[each.number] > 1) for each in some] for some in records]
    reasons = [[each.reason for each in some] for some in sift(records, first_only=first_only)]
    assert [[each.reason for each in some] for some in sift(told, first_only=first_only)] == reasons


@given(RECORDS)
def test_MASS_WHO_of_a_family_the_first_who_may_be_texted_is_enough_and_none_is_forgotten(
    given_records: list[tuple[OwnerKind | None, list[int]]],
) -> None:
    records = [record(n, kind, numbers) for n, (kind, numbers) in enumerate(given_records)]
    by_record = sift(records, first_only=True)
    texted = {each.candidate.number for some in by_record for each in some if each.reason is None}
    for some in by_record:
        if some and some[0].candidate.kind is OwnerKind.FAMILY:
            assert sum(each.reason is None for each in some) <= 1
        textable = [each.candidate.number for each in some if each.candidate.number and not each.candidate.reason]
        assert not textable or texted.intersection(textable)
