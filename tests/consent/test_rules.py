"""The opt-in check: every combination of up to three records, compared with the rules in plain words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.consent.rules import CONSUMER_INITIATED, Instance, LineFit, OptInCheck, Reason, check_opt_in, explanation
from api.directory.rules import OptInSource, OptInState, OwnerKind

NUMBER = "+13125550147"
STOPPED_AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)

STRONGEST_FIRST = [
    "not_a_phone_number",
    "stopped",
    "opted_out",
    "not_opted_in",
    "no_record",
    "line_blocked",
    "country_not_allowed",
    "allowed",
]
"""OPTIN-EXPLAIN."""

Kind = tuple[str, bool]
"""A record's opt-in state, and whether it is archived."""

KINDS: list[Kind] = list(product(("opted_in", "opted_out", "unknown"), (False, True)))

COMBINATIONS = [kinds for size in range(4) for kinds in product(KINDS, repeat=size)]


def record(state: str, archived: bool = False, *, name: str = "Okafor", owner_id: UUID | None = None) -> Instance:
    return Instance(
        phone_record_id=uuid4(),
        kind=OwnerKind.FAMILY,
        owner_id=owner_id or uuid4(),
        owner_name=name,
        contact_name="Ada",
        state=OptInState(state),
        changed_at=STOPPED_AT,
        changed_by={"kind": "staff_member", "id": None, "name": "Maria"},
        source=OptInSource.PORTAL,
        archived=archived,
    )


def check(
    records: Sequence[Instance], *, stopped: bool = False, has_texted_line: bool = False, line_enabled: bool = True
) -> OptInCheck:
    return check_opt_in(
        phone_number=NUMBER,
        stopped_at=STOPPED_AT if stopped else None,
        instances=records,
        has_texted_line=has_texted_line,
        line=LineFit(enabled=line_enabled),
    )


def refusals_in_plain_words(kinds: Sequence[Kind], *, stopped: bool, texted: bool, line_enabled: bool) -> set[str]:
    """Each reason that forbids texting the number, from its own rule."""
    refusals: set[str] = set()
    if stopped:  # OPTIN-ALL: only if it is not stopped …
        refusals.add("stopped")
    if any(state == "opted_out" for state, _ in kinds):  # … and OPTIN-ARCHIVED: an archived opt-out still blocks …
        refusals.add("opted_out")
    if any(state == "unknown" for state, archived in kinds if not archived):  # … and every record is opted in.
        refusals.add("not_opted_in")
    on_a_record = any(not archived for _, archived in kinds)  # OPTIN-ARCHIVED: it counts for nothing.
    if not on_a_record and not texted:  # OPTIN-UNKNOWN-SENDER.
        refusals.add("no_record")
    if not line_enabled:
        refusals.add("line_blocked")
    return refusals


@pytest.mark.parametrize("line_enabled", [True, False], ids=["line in service", "line out of service"])
@pytest.mark.parametrize("texted", [True, False], ids=["texted first", "never texted"])
@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "not stopped"])
def test_OPTIN_ALL_every_combination_of_up_to_three_records(stopped: bool, texted: bool, line_enabled: bool) -> None:
    for kinds in COMBINATIONS:
        refusals = refusals_in_plain_words(kinds, stopped=stopped, texted=texted, line_enabled=line_enabled)
        expected = next((reason for reason in STRONGEST_FIRST if reason in refusals), "allowed")
        living = any(not archived for _, archived in kinds)

        decided = check(
            [record(*kind) for kind in kinds], stopped=stopped, has_texted_line=texted, line_enabled=line_enabled
        )

        assert decided.reason == expected, kinds
        assert decided.allowed is (not refusals), kinds
        assert decided.note == (CONSUMER_INITIATED if decided.allowed and not living else None), kinds


@given(
    kinds=st.lists(st.sampled_from(KINDS), max_size=40),
    stopped=st.booleans(),
    texted=st.booleans(),
    line_enabled=st.booleans(),
    of_staff=st.integers(min_value=0, max_value=2**40 - 1),
)
def test_OPTIN_ALL_any_number_of_records_of_families_and_staff(
    kinds: list[Kind], stopped: bool, texted: bool, line_enabled: bool, of_staff: int
) -> None:
    records = [
        replace(record(*kind), kind=OwnerKind.STAFF_MEMBER, contact_name=None)
        if of_staff >> index & 1
        else record(*kind)
        for index, kind in enumerate(kinds)
    ]
    refusals = refusals_in_plain_words(kinds, stopped=stopped, texted=texted, line_enabled=line_enabled)

    decided = check(records, stopped=stopped, has_texted_line=texted, line_enabled=line_enabled)

    assert decided.reason == next((reason for reason in STRONGEST_FIRST if reason in refusals), "allowed")
    assert list(decided.instances) == records
    blocking = [kind for kind, each in zip(kinds, decided.instances, strict=True) if each.blocks]
    assert blocking == [
        (state, archived)
        for state, archived in kinds
        if state == "opted_out" or (state, archived) == ("unknown", False)
    ]


def test_OPTIN_EXPLAIN_reasons_are_strongest_first() -> None:
    assert [reason.value for reason in Reason] == STRONGEST_FIRST


@pytest.mark.parametrize(
    ("state", "archived", "blocks"),
    [
        ("opted_in", False, False),
        ("unknown", False, True),
        ("opted_out", False, True),
        ("opted_in", True, False),
        ("unknown", True, False),  # The rules name only an archived opt-out as one that still blocks.
        ("opted_out", True, True),
    ],
)
def test_OPTIN_ARCHIVED_which_record_blocks(state: str, archived: bool, blocks: bool) -> None:
    assert record(state, archived).blocks is blocks


def test_OPTIN_ALL_one_family_opted_out_blocks_the_number_for_all_others() -> None:
    decided = check([record("opted_in"), record("opted_in"), record("opted_out", name="Reyes")])
    assert decided.reason is Reason.OPTED_OUT
    assert [instance.owner_name for instance in decided.instances if instance.blocks] == ["Reyes"]


def test_OPTIN_UNKNOWN_SENDER_may_be_answered_only_when_it_texted_this_line_first() -> None:
    answered = check([], has_texted_line=True)
    assert answered.allowed
    assert answered.note == "consumer_initiated"
    assert check([], has_texted_line=False).reason is Reason.NO_RECORD


def test_OPTIN_UNKNOWN_SENDER_texting_first_overrides_no_record_that_blocks() -> None:
    assert check([record("unknown")], has_texted_line=True).reason is Reason.NOT_OPTED_IN
    assert check([record("opted_out")], has_texted_line=True).reason is Reason.OPTED_OUT


def test_OPTIN_EXPLAIN_the_answer_carries_every_instance_in_order_and_the_time_of_the_stop() -> None:
    records = [record("opted_in"), record("opted_out", True), record("unknown")]
    decided = check(records, stopped=True)
    assert decided.instances == records
    assert decided.stopped_at == STOPPED_AT
    assert decided.phone_number == NUMBER


@pytest.mark.parametrize("texted", [True, False])
@pytest.mark.parametrize("stopped", [True, False])
def test_OPTIN_EXPLAIN_the_sentence_names_every_record_that_blocks_and_no_other(stopped: bool, texted: bool) -> None:
    for kinds in COMBINATIONS:
        names = [f"Family-{number}" for number in range(len(kinds))]
        records = [record(*kind, name=name) for kind, name in zip(kinds, names, strict=True)]
        decided = check(records, stopped=stopped, has_texted_line=texted)
        named = {name for name in names if name in explanation(decided)}
        match decided.reason:
            case Reason.OPTED_OUT:
                assert named == {name for name, (state, _) in zip(names, kinds, strict=True) if state == "opted_out"}
            case Reason.NOT_OPTED_IN:
                assert named == {
                    name
                    for name, (state, archived) in zip(names, kinds, strict=True)
                    if state == "unknown" and not archived
                }
            case _:
                assert named == set(), "nothing on record is to blame"


def test_OPTIN_EXPLAIN_each_reason_reads_as_a_sentence_for_a_front_desk() -> None:
    assert explanation(check([], stopped=True)) == (
        "The person at this number texted STOP, so it can't be texted until they text START."
    )
    assert explanation(check([record("opted_out")])) == "Okafor opted out, so this number can't be texted."
    assert explanation(check([record("opted_out", True)])) == (
        "Okafor (archived) opted out, so this number can't be texted."
    )
    assert explanation(check([record("unknown")])) == "Okafor never opted in, so this number can't be texted."
    assert explanation(check([])) == (
        "This number is on no family or staff record and has not texted this line, so it can't be texted."
    )
    assert explanation(check([record("opted_in")], line_enabled=False)) == (
        "This line is out of service, so nothing can be sent from it."
    )
    assert explanation(check([record("opted_in")])) == "This number can be texted."


def test_OPTIN_EXPLAIN_many_blocking_records_are_counted_and_one_owner_is_named_once() -> None:
    def sentence(*names: str) -> str:
        return explanation(check([record("opted_out", name=name) for name in names]))

    assert sentence("Okafor", "Reyes") == "Okafor and Reyes opted out, so this number can't be texted."
    assert sentence("Okafor", "Reyes", "Cho") == "Okafor, Reyes and Cho opted out, so this number can't be texted."
    assert sentence("Okafor", "Reyes", "Cho", "Lund") == (
        "Okafor, Reyes and 2 others opted out, so this number can't be texted."
    )
    assert sentence("Okafor", "Okafor") == "Okafor opted out, so this number can't be texted."
