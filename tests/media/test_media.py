"""Pictures of received messages, from the webhook to the browser, from a provider that may misbehave."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from api.live.bus import Handler, PostgresBus
from api.live.service import CHANNEL
from api.media import service as media
from api.media.rules import MAX_ATTEMPTS, WORDS, Reason
from api.providers.port import MAX_MEDIA_BYTES, FetchedMedia
from api.worker import Worker
from tests.providers.peer import Peer, hang, http
from tests.support.media import PNG, claims, fetch_media, picture_fields
from tests.support.service import ORIGIN
from tests.support.stack import Stack, eventually
from tests.support.world import World

PARENT = "+13125550101"


async def arrives(world: World, *urls: str, body: str = "", content_type: str = "image/png") -> dict[str, Any]:
    """A parent's text with files, as the thread shows it."""
    await world.text(PARENT, body, **picture_fields(*urls, content_type=content_type))
    return await newest(world)


async def newest(world: World) -> dict[str, Any]:
    conversation = await world.conversation(PARENT)
    return (await world.thread(conversation["id"]))[-1]


async def only_file(world: World) -> dict[str, Any]:
    (file,) = (await newest(world))["media"]
    found: dict[str, Any] = file
    return found


async def due_again(world: World) -> None:
    """Later."""
    await world.rows("UPDATE message_media SET due_at = now() - interval '1 second' RETURNING id")


async def test_a_picture_without_words_is_shown_as_waiting_then_kept_and_served(world: World, peer: Peer) -> None:
    peer.answer = http(200, PNG)
    message = await arrives(world, f"{peer.url}/secret-address")
    (waiting,) = message["media"]
    path = f"/api/v1/messages/{message['id']}/media/{waiting['id']}"
    assert message["body"] == ""
    assert waiting == {
        "id": waiting["id"], "url": path, "content_type": "image/png", "state": "waiting", "size": None, "reason": None
    }  # fmt: skip
    assert (await world.conversation(PARENT))["last_message"]["preview"] != ""
    assert (await world.daniel.get(path)).status_code == 404

    assert await fetch_media(world) == 1
    assert await fetch_media(world) == 0
    kept = await only_file(world)
    assert kept == {**waiting, "state": "kept", "size": len(PNG)}
    detail = await world.daniel.get(f"/api/v1/messages/{message['id']}")
    assert detail.json()["media"] == [kept]
    assert "secret-address" not in detail.text

    served = await world.daniel.get(path)
    assert (served.status_code, served.content) == (200, PNG)
    assert served.headers["content-type"] == "image/png"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert served.headers["content-disposition"] == 'inline; filename="picture-1.png"'
    assert served.headers["cache-control"] == "private, no-cache"
    assert served.headers["cross-origin-resource-policy"] == "same-origin"
    assert served.headers["etag"] == f'"{hashlib.sha256(PNG).hexdigest()}"'


async def test_PERM_NOW_a_cached_file_is_revalidated_and_not_sent_again(world: World, peer: Peer) -> None:
    peer.answer = http(200, PNG)
    await arrives(world, f"{peer.url}/a")
    await fetch_media(world)
    url = (await only_file(world))["url"]
    etag = (await world.daniel.get(url)).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = await world.daniel.get(url, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert (await world.noah.get(url, headers={"If-None-Match": known})).status_code == 403
    assert (await world.daniel.get(url, headers={"If-None-Match": '"other"'})).content == PNG


async def test_PERM_TENANT_a_file_is_found_only_under_its_own_message(world: World, peer: Peer) -> None:
    peer.answer = http(200, PNG)
    first = await arrives(world, f"{peer.url}/a")
    second = await arrives(world, f"{peer.url}/b")
    await fetch_media(world)
    file = first["media"][0]["id"]
    assert (await world.daniel.get(f"/api/v1/messages/{first['id']}/media/{file}")).status_code == 200
    assert (await world.daniel.get(f"/api/v1/messages/{second['id']}/media/{file}")).status_code == 404
    neighbour = await World.create(world.service)
    assert (await neighbour.admin.get(f"/api/v1/messages/{first['id']}/media/{file}")).status_code == 404


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html><script>alert(1)</script>", Reason.KIND),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", Reason.KIND),
        (b"", Reason.EMPTY),
        (PNG + bytes(MAX_MEDIA_BYTES), Reason.TOO_LARGE),
    ],
    ids=["HTML", "SVG", "nothing", "too much"],
)
async def test_a_file_that_is_only_declared_as_a_picture_is_refused_in_plain_words(
    world: World, peer: Peer, content: bytes, reason: Reason
) -> None:
    peer.answer = http(200, content, "Content-Type: image/png")
    message = await arrives(world, f"{peer.url}/a.png", body="Look!")
    await fetch_media(world)
    file = await only_file(world)
    assert (file["state"], file["reason"], file["size"]) == ("refused", WORDS[reason], None)
    assert (await world.daniel.get(file["url"])).status_code == 404
    assert (await newest(world))["body"] == message["body"]


async def test_a_file_is_served_under_the_type_of_its_bytes(world: World, peer: Peer) -> None:
    peer.answer = http(200, b"%PDF-1.7 <script>", "Content-Type: text/html")
    await arrives(world, f"{peer.url}/a", content_type="text/html")
    await fetch_media(world)
    file = await only_file(world)
    assert (file["state"], file["content_type"]) == ("kept", "application/pdf")
    served = await world.daniel.get(file["url"])
    assert served.headers["content-type"] == "application/pdf"
    assert served.headers["content-disposition"] == 'attachment; filename="file-1.pdf"'


async def test_missing_files_and_foreign_addresses_are_refused(world: World, peer: Peer) -> None:
    message = await arrives(world, f"{peer.url}/gone", "http://169.254.169.254/latest/meta-data/", "not an address")
    await fetch_media(world)
    reasons = [file["reason"] for file in (await newest(world))["media"]]
    assert reasons == [WORDS[Reason.GONE], WORDS[Reason.ADDRESS], WORDS[Reason.ADDRESS]]
    assert len(message["media"]) == 3
    assert len(peer.requests) == 1


async def test_a_failed_fetch_is_retried_later_and_finally_refused(world: World, peer: Peer) -> None:
    peer.answer = http(503)
    await arrives(world, f"{peer.url}/a")
    assert await fetch_media(world) == 1
    assert (await only_file(world))["state"] == "waiting"
    assert await fetch_media(world) == 0, "not before its time"
    await due_again(world)
    peer.answer = http(200, PNG)
    assert await fetch_media(world) == 1
    assert (await only_file(world))["state"] == "kept"

    peer.answer = http(500)
    await arrives(world, f"{peer.url}/b")
    for _ in range(MAX_ATTEMPTS):
        assert (await only_file(world))["state"] == "waiting"
        await due_again(world)
        assert await fetch_media(world) == 1
    assert (await only_file(world))["reason"] == WORDS[Reason.NOT_FETCHED]
    await due_again(world)
    assert await fetch_media(world) == 0


async def test_RECV_ONCE_a_text_that_is_delivered_again_brings_no_second_picture(world: World, peer: Peer) -> None:
    peer.answer = http(200, PNG)
    fields = picture_fields(f"{peer.url}/a")
    sid = await world.text(PARENT, "Look!", **fields)
    await fetch_media(world)
    await world.text(PARENT, "Look!", sid=sid, **fields)
    await world.text(PARENT, "Look!", sid=sid, **fields, More="1")
    assert await world.rows("SELECT count(*) FROM message_media") == [(1,)]
    assert (await only_file(world))["state"] == "kept"


async def test_another_worker_fetches_after_a_lost_lease(world: World, peer: Peer) -> None:
    peer.answer = http(200, PNG)
    await arrives(world, f"{peer.url}/a")
    (lost,) = await claims(world)
    assert await claims(world) == [], "its lease holds"
    await due_again(world)
    (claimed,) = await claims(world)
    assert claimed.media.attempts == 2

    # The first worker is alive after all, and settles too late.
    await media.settle(world.service.database, lost, FetchedMedia(b"<html>"))
    assert (await only_file(world))["state"] == "waiting"
    await media.settle(world.service.database, claimed, FetchedMedia(PNG))
    assert (await only_file(world))["state"] == "kept"
    await media.settle(world.service.database, lost, FetchedMedia(b"<html>"))
    assert (await only_file(world))["state"] == "kept"


async def test_another_worker_process_fetches_after_one_was_killed(world: World, peer: Peer, tmp_path: Path) -> None:
    peer.answer = hang
    await arrives(world, f"{peer.url}/a")
    port = str(urlsplit(peer.url).port)
    workers = Stack(world.service.urls, tmp_path, simulator_port=port, public_url=ORIGIN)
    try:
        workers.start("worker")
        async with asyncio.timeout(60):
            await peer.asked.wait()
        workers.kill("worker")
        peer.answer = http(200, PNG)
        await due_again(world)
        workers.start("worker")

        async def kept() -> bool:
            return bool((await only_file(world))["state"] == "kept")

        await eventually(kept, "another worker has fetched it")
    finally:
        workers.stop("worker")
        await workers.carrier.aclose()
        await workers.database.close()
    assert len(peer.requests) == 2


async def test_a_file_that_no_worker_survives_is_refused_without_another_fetch(world: World, peer: Peer) -> None:
    await arrives(world, f"{peer.url}/a")
    for _ in range(MAX_ATTEMPTS):
        assert len(await claims(world)) == 1
        await due_again(world)
    await fetch_media(world)
    assert (await only_file(world))["reason"] == WORDS[Reason.NOT_FETCHED]
    assert peer.requests == []


async def test_workers_share_due_files_and_settle_files_of_one_message_concurrently(world: World, peer: Peer) -> None:
    peer.answer = http(200, PNG)
    await arrives(world, *(f"{peer.url}/{number}" for number in range(12)))
    groups = await asyncio.gather(*(claims(world, limit=3) for _ in range(4)))
    taken = [claim for group in groups for claim in group]
    assert len({claim.media.id for claim in taken}) == len(taken)
    taken += await claims(world)
    assert len(taken) == 10, "the most that a message brings"
    await asyncio.gather(*(media.settle(world.service.database, claim, FetchedMedia(PNG)) for claim in taken))
    assert [file["state"] for file in (await newest(world))["media"]] == ["kept"] * 10


@asynccontextmanager
async def working(world: World, *, on_event: Handler = lambda _: None) -> AsyncIterator[None]:
    """A worker, which stops at the end of the block. `on_event` is called with live events."""
    service = world.service
    bus = PostgresBus(service.urls.url)
    bus.subscribe(CHANNEL, on_event, on_gap=lambda: None)
    worker = Worker(
        database=service.database,
        bus=bus,
        providers=service.providers,
        secrets=service.secret_box,
        settings=service.settings,
    )
    await bus.start()
    worker.start()
    try:
        async with asyncio.timeout(20):
            yield
    finally:
        await worker.stop()
        await bus.stop()


async def test_the_worker_fetches_an_arriving_file_and_announces_it(world: World, peer: Peer) -> None:
    peer.answer = http(200, PNG)
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with working(world, on_event=events.put_nowait):
        message = await arrives(world, f"{peer.url}/a")
        said = 0
        while said < 2:
            said += (await events.get()).get("message_id") == message["id"]
        assert (await only_file(world))["state"] == "kept", "the second event is of the picture"


async def test_a_worker_that_stops_releases_what_it_is_fetching(world: World, peer: Peer) -> None:
    peer.answer = hang
    await arrives(world, f"{peer.url}/a")
    async with working(world):
        await peer.asked.wait()
    peer.answer = http(200, PNG)
    assert await fetch_media(world) == 1, "at once, not when a lease ends"
    assert (await only_file(world))["state"] == "kept"


async def test_a_sent_file_stays_at_the_address_that_the_sender_gave(world: World) -> None:
    await world.family("Jones", PARENT)
    started = await world.maria.post("/api/v1/conversations", json={"phone_number": PARENT})
    sent: httpx.Response = await world.maria.post(
        f"/api/v1/conversations/{started.json()['id']}/messages",
        json={"body": "", "media_urls": ["https://gym.example/flyer.png"]},
    )
    assert sent.json()["media"] == [
        {
            "id": None, "url": "https://gym.example/flyer.png", "content_type": "application/octet-stream",
            "state": None, "size": None, "reason": None,
        }
    ]  # fmt: skip
    assert await claims(world) == []
