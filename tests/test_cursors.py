"""Cursors come from outside: every list answers any cursor with 200 or 422 (page 3: keyset paging)."""

from random import Random
from typing import Any
from uuid import uuid4

import pytest

from tests.access.rows import Rows
from tests.kit.test_paging import forged
from tests.support.reliability import size
from tests.support.world import World
from tests.test_contract import DOCUMENT

NOW = "2026-03-04T12:00:00+00:00"
SEED = 20261127
PARTS: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 2**200, 1.5, 1e308, float("nan"), float("inf")),
    *("", "\x00", "\ud800", "text", "true", "1", "\u0661", "'; --", "NaN", "infinity"),
    *(NOW, NOW[:-6], "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-23:59", "2026-W10-3T12+00:00", "20260304"),
    *(str(uuid4()), "{" + str(uuid4()) + "}", str(uuid4())[:-1], "\uff10" * 32),
    *([], [[]], [True], {}, {"0": "x"}, [NOW, str(uuid4())]),
]
"""Values of every JSON type, with those of real cursors and their neighbours."""

LISTS = sorted(
    path
    for path, methods in DOCUMENT["paths"].items()
    if any(each["name"] == "cursor" for each in methods.get("get", {}).get("parameters", ()))
)


def cursors() -> list[str]:
    random = Random(SEED)
    single = [forged([part]) for part in PARTS]
    longer = [
        forged([random.choice(PARTS) for _ in range(random.choice((0, 2, 2, 2, 3)))])
        for _ in range(size(quick=20, full=60))
    ]
    first = [forged([part, str(uuid4())]) for part in PARTS]
    second = [forged([NOW, part]) for part in PARTS]
    return [*single, *longer, *first, *second, *map(forged, PARTS), "=", "!", "[true]", "\u00e9", "a" * 501, "\x00"]


@pytest.mark.reliability
@pytest.mark.timeout(120)
async def test_any_cursor_is_answered_with_200_or_422_by_every_list(world: World) -> None:
    rows = await Rows.create(world)
    assert len(LISTS) >= 8
    kept = [cursor for cursor in cursors() if len(cursor) <= 510]
    for number, cursor in enumerate(kept):
        # The cursors of one part go to every list, the others to a third of the lists.
        for path in LISTS if number < len(PARTS) else LISTS[number % 3 :: 3]:
            params = {"cursor": cursor}
            if path.endswith("/search"):
                params["q"] = "hello"
            response = await world.admin.get(path.format(**rows.ids), params=params)
            assert response.status_code in {200, 422}, (path, cursor, response.text)


async def test_a_cursor_with_true_in_it_is_422_on_a_thread(world: World) -> None:
    rows = await Rows.create(world)
    path = f"/api/v1/conversations/{rows.ids['conversation_id']}/messages"
    for value in ([True], [False]):
        response = await world.admin.get(path, params={"cursor": forged(value)})
        assert response.status_code == 422, response.text
