"""An import under an `Idempotency-Key` happens once, also of rows without an external id."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from api.directory.importing import service
from tests.directory.test_import import IMPORT
from tests.support.world import World

FILE = b"kind,name\nfamily,Rivera\nfamily,Ames\n"
OTHER = b"kind,name\nfamily,Duarte\n"
WRONG = b"kind,name\nfamily,\nfamily,Ames\n"


async def send(client: httpx.AsyncClient, content: bytes, key: str | None, **params: str) -> httpx.Response:
    headers = {"Content-Type": "text/csv", **({} if key is None else {"Idempotency-Key": key})}
    return await client.post(IMPORT, params=params, content=content, headers=headers)


async def names(world: World) -> Counter[str]:
    return Counter(name for (name,) in await world.rows("SELECT name FROM families"))


@pytest.mark.parametrize("params", [{}, {"partial": "true"}])
async def test_a_repeated_import_stores_nothing_and_has_the_first_answer(world: World, params: dict[str, str]) -> None:
    first, second = [await send(world.admin, FILE, "once", **params) for _ in range(2)]
    assert first.status_code == second.status_code == 200, first.text
    assert first.json()["created"] == 2
    assert second.json() == first.json()
    assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (False, "true")
    assert await names(world) == {"Rivera": 1, "Ames": 1}
    other = await send(world.admin, OTHER, "once", **params)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-conflict")
    without = await send(world.admin, FILE, None, **params)
    assert without.json()["created"] == 2, "Without a key it is another import."
    assert await names(world) == {"Rivera": 2, "Ames": 2}


async def test_repeats_at_once_store_it_once(world: World) -> None:
    answers = await asyncio.gather(*(send(world.admin, FILE, "once") for _ in range(6)))
    reports = [each.json() for each in answers if each.status_code == 200]
    running = [each for each in answers if each.status_code == 409]
    assert len(reports) + len(running) == 6
    assert len(reports) >= 1
    assert all(each == reports[0] for each in reports)
    assert {each.json()["type"] for each in running} <= {"/problems/idempotency-conflict"}
    assert all("retry-after" in each.headers for each in running)
    assert await names(world) == {"Rivera": 1, "Ames": 1}


async def test_a_key_of_an_import_that_was_refused_is_free(world: World) -> None:
    refused = await send(world.admin, WRONG, "mended")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/import-refused")
    mended = await send(world.admin, FILE, "mended")
    assert mended.status_code == 200, mended.text
    assert await names(world) == {"Rivera": 1, "Ames": 1}


async def test_keys_of_two_callers_are_apart(world: World) -> None:
    first, second = await send(world.admin, FILE, "mine"), await send(world.olga, FILE, "mine")
    assert [first.json()["created"], second.json()["created"]] == [2, 2]


@pytest.mark.parametrize("params", [{}, {"partial": "true"}])
async def test_a_repeated_long_import_is_one_job(
    world: World, monkeypatch: pytest.MonkeyPatch, params: dict[str, str]
) -> None:
    monkeypatch.setattr(service, "ROWS_AT_ONCE", 1)
    first, second = [await send(world.admin, FILE, "long", **params) for _ in range(2)]
    assert first.status_code == second.status_code == 202, first.text
    assert second.json() == first.json()
    assert second.headers["Location"] == first.headers["Location"] == f"/api/v1/imports/{first.json()['id']}"
    assert await jobs_of(world) == [first.json()["id"]]


async def jobs_of(world: World) -> list[Any]:
    return [str(import_id) for (import_id,) in await world.rows("SELECT id FROM imports")]
