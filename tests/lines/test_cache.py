"""A changed line is noticed at once by every process that takes webhooks."""

import asyncio
from typing import Any
from uuid import UUID

from api.lines.cache import LineCache, OpenLine
from api.lines.service import CHANNEL
from api.live.bus import PostgresBus
from tests.lines.test_lines import TWILIO, create
from tests.support.world import World

API = "/api/v1"


def token(line: OpenLine | None) -> str:
    assert line is not None
    return line.access.credentials["auth_token"]


async def test_RECV_AUTHENTIC_another_process_forgets_a_line_when_it_changes(world: World) -> None:
    """Another process is another cache on another LISTEN connection."""
    line = await create(world)

    line_id = UUID(line["id"])
    cache = LineCache(world.service.database, world.service.secret_box)
    heard = asyncio.Event()

    def on_change(payload: dict[str, Any]) -> None:
        cache.on_change(payload)
        heard.set()

    bus = PostgresBus(world.service.urls.url)
    bus.subscribe(CHANNEL, on_change, on_gap=cache.forget_all)
    await bus.start()
    assert token(await cache.get(line_id)) == TWILIO["auth_token"]
    assert token(cache.known(line_id)) == TWILIO["auth_token"]
    changed = await world.admin.patch(f"{API}/lines/{line_id}", json={"credentials": {"auth_token": "the next"}})
    assert changed.status_code == 200
    async with asyncio.timeout(10):
        await heard.wait()
    assert cache.known(line_id) is None
    assert token(await cache.get(line_id)) == "the next"
    await bus.stop()


async def test_what_was_read_before_a_change_is_not_remembered_after_it(world: World) -> None:
    line_id = UUID((await create(world))["id"])
    cache = LineCache(world.service.database, world.service.secret_box)
    loading = asyncio.create_task(cache.get(line_id))
    for _ in range(3):
        await asyncio.sleep(0)  # The load has begun, and waits for the database.
    cache.forget(line_id)
    assert token(await loading) == TWILIO["auth_token"]
    assert cache.known(line_id) is None


async def test_a_line_is_loaded_again_when_what_is_known_does_not_match(world: World) -> None:
    line_id = UUID((await create(world))["id"])
    cache = LineCache(world.service.database, world.service.secret_box)
    known = await cache.get(line_id)
    assert known is not None
    assert await cache.get_newer(line_id, known) is None
    await world.admin.patch(f"{API}/lines/{line_id}", json={"credentials": {"auth_token": "the next"}})
    newer = await asyncio.gather(*(cache.get_newer(line_id, known) for _ in range(5)))
    assert {token(each) for each in newer} == {"the next"}


async def test_fewer_fields_change_only_those_and_null_takes_one_away(world: World) -> None:
    line = await create(world)
    path = f"{API}/lines/{line['id']}"

    cache = LineCache(world.service.database, world.service.secret_box)

    async def stored(**credentials: str | None) -> dict[str, str]:
        response = await world.admin.patch(path, json={"credentials": credentials})
        assert response.status_code == 200, response.text
        cache.forget_all()
        known = await cache.get(UUID(line["id"]))
        assert known is not None
        return dict(known.access.credentials)

    assert await stored(auth_token_secondary="second") == {**TWILIO, "auth_token_secondary": "second"}
    assert await stored(auth_token="second", auth_token_secondary=None) == {**TWILIO, "auth_token": "second"}
    service = "MG" + "3" * 32
    assert await stored(messaging_service_sid=service) == {
        **TWILIO, "auth_token": "second", "messaging_service_sid": service
    }  # fmt: skip
    assert await stored(**TWILIO) == TWILIO, "a complete set replaces what was stored"
    for wrong, pointer in (
        ({"auth_token": None}, "/credentials/auth_token"),
        ({"auth_tokens": "x"}, "/credentials/auth_tokens"),
        ({"account_sid": "AC1"}, "/credentials/account_sid"),
    ):
        refused = await world.admin.patch(path, json={"credentials": wrong})
        assert refused.status_code == 422, wrong
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
