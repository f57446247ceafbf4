"""LINE-CHOICE: the line of a new text, and the defaults that an administrator sets."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.lines.choice_rules import Candidate, Candidates, LineReason, choose_line
from tests.support.world import World

API = "/api/v1"
US_NUMBER, CA_NUMBER, NZ_NUMBER, JERSEY = "+13125550147", "+14165550123", "+642102345678", "+447797712345"

OLD, DESK, CANADA, ZEALAND, OFF, GONE = (UUID(int=each) for each in range(1, 7))
LINES = [
    Candidate(OLD, "US", None, enabled=True),
    Candidate(DESK, "US", ["CA", "GB", "US"], enabled=True),
    Candidate(CANADA, "CA", None, enabled=True),
    Candidate(ZEALAND, "NZ", None, enabled=True),
    Candidate(OFF, "US", None, enabled=False),
]

CHOICES: list[tuple[str, UUID | None, dict[str | None, UUID], UUID, LineReason]] = [
    # The newest conversation's line is stronger than every default.
    (US_NUMBER, DESK, {None: OLD, "US": OLD}, DESK, LineReason.CONVERSATION),
    (CA_NUMBER, CANADA, {"CA": DESK}, CANADA, LineReason.CONVERSATION),
    # It is out of service, gone, or may not text the number's country.
    (US_NUMBER, OFF, {None: DESK}, DESK, LineReason.DEFAULT),
    (US_NUMBER, GONE, {}, OLD, LineReason.COUNTRY),
    (NZ_NUMBER, OLD, {}, ZEALAND, LineReason.COUNTRY),
    # The default of the number's country, else the default.
    (CA_NUMBER, None, {None: DESK, "CA": CANADA}, CANADA, LineReason.COUNTRY_DEFAULT),
    (US_NUMBER, None, {None: DESK, "CA": CANADA}, DESK, LineReason.DEFAULT),
    (JERSEY, None, {None: OLD, "GB": DESK}, DESK, LineReason.COUNTRY_DEFAULT),
    (CA_NUMBER, None, {None: DESK}, DESK, LineReason.DEFAULT),
    # The default may not text it: a line of its country, else one that may.
    (NZ_NUMBER, None, {None: OLD}, ZEALAND, LineReason.COUNTRY),
    (CA_NUMBER, None, {None: OLD}, CANADA, LineReason.COUNTRY),
    (JERSEY, None, {None: OLD}, DESK, LineReason.COUNTRY),
    (US_NUMBER, None, {None: OFF}, OLD, LineReason.COUNTRY),
    (US_NUMBER, None, {}, OLD, LineReason.COUNTRY),
    # No line may text it: the check says so.
    ("+33612345678", None, {None: DESK}, DESK, LineReason.DEFAULT),
    ("+33612345678", None, {}, OLD, LineReason.OLDEST),
]


@pytest.mark.parametrize(("number", "newest", "defaults", "line", "reason"), CHOICES)
def test_LINE_CHOICE_table(
    number: str, newest: UUID | None, defaults: dict[str | None, UUID], line: UUID, reason: LineReason
) -> None:
    choice = choose_line(number, Candidates(LINES, defaults), newest=newest)
    assert choice is not None
    assert (choice.line_id, choice.reason) == (line, reason)


def test_LINE_CHOICE_without_a_line_there_is_no_choice() -> None:
    assert choose_line(US_NUMBER, Candidates([], {}), newest=None) is None


async def add_line(world: World, number: str, *, country: str = "US", countries: list[str] | None = None) -> str:
    settings = {"countries": countries} if countries else {}
    new = {
        "label": f"Line {number}",
        "phone_number": number,
        "kind": "long_code",
        "country": country,
        "provider": "simulator",
        "credentials": {"account_sid": f"AC{'0' * 32}", "auth_token": uuid4().hex},
        "settings": settings,
    }
    response = await world.admin.post(f"{API}/lines", json=new)
    assert response.status_code == 201, response.text
    assert (response.json()["default"], response.json()["default_for"]) == (False, [])
    return str(response.json()["id"])


async def defaults(world: World) -> dict[str, tuple[bool, list[str]]]:
    """Of the lines that are a default of something."""
    items: list[dict[str, Any]] = (await world.daniel.get(f"{API}/lines")).json()["items"]
    return {
        each["id"]: (each["default"], each["default_for"]) for each in items if each["default"] or each["default_for"]
    }


async def test_LINE_CHOICE_a_default_moves_from_line_to_line_and_both_are_audited(world: World) -> None:
    first, second = str(world.line_id), await add_line(world, "+13125550190", countries=["CA", "US"])
    for line, change in (
        (first, {"default": True, "default_for": ["US"]}),
        (second, {"default_for": ["US", "CA"]}),
        (second, {"default": True}),
        (second, {"default": True}),
    ):
        response = await world.admin.patch(f"{API}/lines/{line}", json=change)
        assert response.status_code == 200, response.text
    assert await defaults(world) == {second: (True, ["CA", "US"])}
    wrong = await world.admin.patch(f"{API}/lines/{first}", json={"default_for": ["NZ"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/default_for")
    assert (await world.maria.patch(f"{API}/lines/{first}", json={"default": True})).status_code == 403

    audited = await world.rows(
        "SELECT details->>'line_id', details->'changes' FROM audit_entries"
        " WHERE action = 'line.updated' ORDER BY at, id"
    )
    assert [(row[0], row[1]) for row in audited] == [
        (first, {"default": {"from": False, "to": True}, "default_for": {"from": [], "to": ["US"]}}),
        (first, {"default_for": {"from": ["US"], "to": []}}),
        (second, {"default_for": {"from": [], "to": ["CA", "US"]}}),
        (first, {"default": {"from": True, "to": False}}),
        (second, {"default": {"from": False, "to": True}}),
    ]


async def test_LINE_CHOICE_lines_that_become_the_default_at_once_leave_one(world: World) -> None:
    lines = [str(world.line_id), await add_line(world, "+13125550190"), await add_line(world, "+13125550191")]
    change = {"default": True, "default_for": ["US"]}
    answers = await asyncio.gather(*(world.admin.patch(f"{API}/lines/{each}", json=change) for each in lines * 2))
    assert {each.status_code for each in answers} == {200}
    assert [*(await defaults(world)).values()] == [(True, ["US"])]
