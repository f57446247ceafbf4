"""Contacts are matched by names as people compare them, so that no spelling loses a consent."""

import unicodedata
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.directory.rules import match_names
from api.kit.folding import fold_name
from tests.directory.test_import import send_csv, send_ndjson, stored_family
from tests.support.world import World

API = "/api/v1"
NUMBER = "+13125550142"

SPELLINGS = [
    "Ana  O'Brien-Rivera",
    "Ana\u00a0O'Brien-Rivera",
    "Ana\u2003O'Brien-Rivera",
    "Ana O'Brien\u200b-Rivera\ufeff",
    "\u202aAna O'Brien-Rivera\u202c",
    "ana o'brien-rivera",
    "\u00c1na O'Brien-Rivera",
    "A\u0301na O'Brien-Rivera",
    "\uff21na O'Brien-Rivera",
    "Ana O\u2019Brien-Rivera",
    "Ana O\u02bcBrien-Rivera",
    "Ana O`Brien-Rivera",
    "Ana O'Brien\u2011Rivera",
    "Ana O'Brien\u2013Rivera",
    "Ana O'Brien\u00ad-Rivera",
]


def contact(name: str) -> dict[str, Any]:
    return {"name": name, "phone_records": [{"phone_number": NUMBER}]}


async def test_OPTIN_MOVE_a_name_that_is_only_typed_in_another_way_keeps_the_contact_and_its_consent(
    world: World,
) -> None:
    await send_csv(world.admin, f"family,F-1,Rivera,Ana O'Brien-Rivera,,{NUMBER},,opted_in,verbal,,,")
    stored = await stored_family(world, "F-1")
    olga, external, own = world.olga, f"{API}/families/by-external-id/F-1", f"{API}/families/{stored['id']}"

    for n, spelling in enumerate(SPELLINGS):
        family = {"name": "Rivera", "contacts": [contact(spelling)]}
        row = f"family,F-1,Rivera,{spelling},,{NUMBER},,,,,,"
        ways: list[Callable[[], Awaitable[httpx.Response]]] = [
            partial(send_csv, olga, row),
            partial(send_csv, olga, row, partial=True),
            partial(send_ndjson, olga, family | {"kind": "family", "external_id": "F-1"}),
            partial(olga.put, external, json=family),
            partial(olga.patch, own, json={"contacts": family["contacts"]}),
        ]
        # A spelling by two ways each: every way meets every kind of difference.
        for way in (ways[n % 5], ways[(n + 2) % 5]):
            response = await way()
            assert (spelling, response.status_code) == (spelling, 200), response.text
            (after,) = (await stored_family(world, "F-1"))["contacts"]
            other = {"name": "", "updated_at": None}
            assert (spelling, after | other) == (spelling, stored["contacts"][0] | other)


async def test_OPTIN_MOVE_rows_of_one_contact_whose_name_is_typed_in_two_ways_are_one_contact(world: World) -> None:
    await send_csv(
        world.admin,
        f"family,F-1,Rivera,Ana Rivera,,{NUMBER},,opted_in,,,,",
        "family,F-1,Rivera,Ana\u00a0 Rivera,,+13125550143,,opted_in,,,,",
        "family,F-1,Rivera,\u00c1na Rivera,,+13125550144,,opted_in,,,,",
    )
    contacts = (await stored_family(world, "F-1"))["contacts"]
    assert [(each["name"], len(each["phone_records"])) for each in contacts] == [
        ("Ana Rivera", 2),
        ("\u00c1na Rivera", 1),
    ]


async def test_OPTIN_MOVE_another_name_on_the_number_is_another_person_and_brings_no_consent(world: World) -> None:
    await send_csv(world.admin, f"family,F-1,Rivera,Ana,,{NUMBER},,opted_in,,,,")

    await send_csv(world.olga, f"family,F-1,Rivera,Ben,,{NUMBER},,,,,,")

    (after,) = (await stored_family(world, "F-1"))["contacts"]
    assert (after["name"], after["phone_records"][0]["opt_in"]["state"]) == ("Ben", "unknown")


@pytest.mark.parametrize(
    ("stored", "wanted", "matched"),
    [
        (["José", "Jose"], ["Jose", "José"], [1, 0]),
        (["José", "Jose"], ["JOSE", "jose"], [0, 1]),
        (["Jose"], ["José", "Jose"], [None, 0]),
        (["Ana", "Ben"], ["Cas"], [None]),
        (["Ana"], ["Ana", "Ana"], [0, None]),
        ([], [], []),
    ],
)
def test_names_match_exactly_first_and_then_in_order(
    stored: list[str], wanted: list[str], matched: list[int | None]
) -> None:
    assert match_names(stored, wanted) == matched


NAMES = st.lists(st.text(st.sampled_from("aAáb \u00a0'\u2019-\u2011"), max_size=3), max_size=6)


@given(NAMES, NAMES)
def test_each_stored_name_is_matched_once_and_none_is_left_that_would_fit(stored: list[str], wanted: list[str]) -> None:
    matched = match_names(stored, wanted)
    places = [place for place in matched if place is not None]
    assert len(places) == len(set(places))
    for name, place in zip(wanted, matched, strict=True):
        if place is None:
            assert not any(
                fold_name(name) == fold_name(each) for index, each in enumerate(stored) if index not in places
            )
        else:
            assert fold_name(name) == fold_name(stored[place])
    same = match_names(stored, [unicodedata.normalize("NFD", name) for name in stored])
    assert sorted(place for place in same if place is not None) == list(range(len(stored)))
