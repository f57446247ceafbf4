"""Web push, over HTTP to a push service that decrypts what it gets as a browser would."""

import asyncio
import base64
import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02
from py_vapid.utils import b64urldecode

from api.conversations.subjects import describe
from api.delivery import holds
from api.delivery.holds import HoldReason, held_organizations
from api.kit.database import Database
from api.live.bus import PostgresBus
from api.notifications.loop import PushLoop
from api.settings import Settings
from tests.notifications.browser_half import decrypt
from tests.support.service import service_settings
from tests.support.stack import eventually
from tests.support.world import World

PARENT = "+13125550101"


@dataclass
class Posted:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PushService:
    """A real HTTP server. `answers` are the statuses it gives, the last one for ever."""

    url: str
    answers: list[int] = field(default_factory=lambda: [201])
    posted: list[Posted] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, posted: Posted) -> int:
        with self._arrived:
            self.posted.append(posted)
            self._arrived.notify_all()
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def has(self, count: int) -> list[Posted]:
        def wait() -> bool:
            with self._arrived:
                return self._arrived.wait_for(lambda: len(self.posted) >= count, 20)

        assert await asyncio.to_thread(wait), f"{len(self.posted)} of {count} notifications were posted"
        return self.posted


@pytest.fixture
def push_service() -> Iterator[PushService]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(service.take(Posted(self.path, headers, body)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = PushService(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield service
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(tmp_path: object, push_service: PushService) -> Settings:
    return service_settings(tmp_path, push_services=push_service.url)


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@dataclass
class Browser:
    """The browser's half of a subscription."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def subscription(self) -> dict[str, object]:
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {"endpoint": self.endpoint, "keys": {"p256dh": encoded(point), "auth": encoded(self.secret)}}

    def read(self, posted: Posted) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(decrypt(posted.body, key=self.key, auth_secret=self.secret))
        return read

    async def subscribe(self, person: httpx.AsyncClient) -> dict[str, Any]:
        response = await person.post("/api/v1/me/push-subscriptions", json=self.subscription)
        assert response.status_code == 201, response.text
        stored: dict[str, Any] = response.json()
        return stored


@pytest.fixture
async def pushing(world: World, database: Database) -> AsyncIterator[PushLoop]:
    bus = PostgresBus(database.url)
    loop = PushLoop(
        database, bus, world.service.secret_box, world.service.settings, describe=describe, held=held_organizations
    )
    await bus.start()
    loop.start()
    yield loop
    await loop.stop()
    await bus.stop()


async def choose(person: httpx.AsyncClient, **chosen: object) -> None:
    body = {"scope": "all", "sound": True, "shows_text": True, "quiet_hours": None, **chosen}
    response = await person.put("/api/v1/me/notifications", json=body)
    assert response.status_code == 200, response.text


async def any_rows(world: World, statement: str) -> bool:
    return bool(await world.rows(statement))


async def public_key_of(person: httpx.AsyncClient) -> str:
    response = await person.get("/api/v1/me/notifications")
    key: str = response.json()["push_public_key"]
    return key


async def test_a_text_that_nobody_views_is_pushed_encrypted_and_signed(
    world: World, push_service: PushService, pushing: PushLoop
) -> None:
    browser = Browser(f"{push_service.url}/one")
    await browser.subscribe(world.daniel)
    key = await public_key_of(world.daniel)
    await world.family("Castillo", PARENT)

    await world.text(PARENT, "Is class on today?")

    (posted,) = await push_service.has(1)
    shown = browser.read(posted)
    conversation = await world.conversation(PARENT)
    assert shown == {
        "kind": "message",
        "title": conversation["display_name"],
        "body": "Is class on today?",
        "path": f"/messenger/{conversation['id']}",
        "tag": f"message-{conversation['id']}",
    }
    assert posted.headers["topic"] == UUID(conversation["id"]).hex
    scheme, _, parameters = posted.headers["authorization"].partition(" ")
    fields = dict(each.strip().split("=", 1) for each in parameters.split(","))
    assert scheme == "vapid"
    assert fields["k"] == key
    Vapid02.verify(posted.headers["authorization"])
    claims = json.loads(b64urldecode(fields["t"].split(".")[1].encode()))
    assert claims["aud"] == push_service.url


async def test_the_text_is_left_out_for_who_wants_that(
    world: World, push_service: PushService, pushing: PushLoop
) -> None:
    browser = Browser(f"{push_service.url}/one")
    await browser.subscribe(world.daniel)
    await choose(world.daniel, shows_text=False)

    await world.text(PARENT, "My child is ill")

    (posted,) = await push_service.has(1)
    assert browser.read(posted)["body"] == "New message"


async def test_PERM_NOW_nothing_is_pushed_once_the_session_or_the_permission_has_gone(
    world: World, push_service: PushService, pushing: PushLoop
) -> None:
    gone, kept = Browser(f"{push_service.url}/gone"), Browser(f"{push_service.url}/kept")
    await gone.subscribe(world.daniel)
    await kept.subscribe(world.admin)
    assert (await world.daniel.delete("/api/v1/session")).status_code == 204

    await world.text(PARENT, "Hello")

    posted = await push_service.has(1)
    assert {each.path for each in posted} == {"/kept"}
    assert await world.rows("SELECT endpoint FROM push_subscriptions") == [(kept.endpoint,)]


async def test_a_failed_post_is_repeated_and_a_browser_that_has_gone_is_forgotten(
    world: World, push_service: PushService, pushing: PushLoop
) -> None:
    browser = Browser(f"{push_service.url}/one")
    await browser.subscribe(world.daniel)
    push_service.answers[:] = [503, 410]

    await world.text(PARENT, "Hello")
    await push_service.has(1)
    defer = "UPDATE pushes SET due_at = now() WHERE attempts = 1 AND due_at < now() + interval '45 s' RETURNING id"
    await eventually(lambda: any_rows(world, defer), "it is deferred")

    await push_service.has(2)
    forgotten = "SELECT 1 WHERE NOT EXISTS (SELECT FROM push_subscriptions) AND NOT EXISTS (SELECT FROM pushes)"
    await eventually(lambda: any_rows(world, forgotten), "it is forgotten")


async def test_a_mention_reaches_the_person_alone(world: World, push_service: PushService, pushing: PushLoop) -> None:
    mine, other = Browser(f"{push_service.url}/mine"), Browser(f"{push_service.url}/other")
    await mine.subscribe(world.daniel)
    await other.subscribe(world.admin)
    for person in (world.daniel, world.admin):
        await choose(person, scope="mentions")
    await world.text(PARENT, "Hello")
    conversation = await world.conversation(PARENT)
    me = (await world.daniel.get("/api/v1/me")).json()["staff_member"]["id"]

    noted = await world.maria.post(
        f"/api/v1/conversations/{conversation['id']}/notes", json={"body": "Daniel?", "mentions": [me]}
    )
    assert noted.status_code == 201, noted.text

    (posted,) = await push_service.has(1)
    assert mine.read(posted)["body"] == "Maria mentioned you in a note."


async def test_a_test_is_pushed_whatever_the_settings_are(
    world: World, push_service: PushService, pushing: PushLoop
) -> None:
    browser = Browser(f"{push_service.url}/one")
    stored = await browser.subscribe(world.daniel)
    await choose(world.daniel, scope="none")

    response = await world.daniel.post(f"/api/v1/me/push-subscriptions/{stored['id']}/test")

    assert response.status_code == 202
    (posted,) = await push_service.has(1)
    assert browser.read(posted)["title"] == "Notifications work"


async def test_an_address_that_is_no_push_service_is_refused(world: World) -> None:
    for endpoint in ("http://169.254.169.254/latest", "https://internal.example.com/x", "https://localhost/x"):
        refused = await world.daniel.post("/api/v1/me/push-subscriptions", json=Browser(endpoint).subscription)
        assert refused.status_code == 422, endpoint
    broken = Browser("https://fcm.googleapis.com/x").subscription | {"keys": {"p256dh": "AAAA", "auth": "AA"}}
    assert (await world.daniel.post("/api/v1/me/push-subscriptions", json=broken)).status_code == 422


async def test_a_person_has_at_most_twenty_browsers_and_only_their_own(world: World) -> None:
    for number in range(21):
        await Browser(f"https://fcm.googleapis.com/{number}").subscribe(world.daniel)
    shown = (await world.daniel.get("/api/v1/me/push-subscriptions")).json()
    assert len(shown) == 20
    stranger = await world.admin.delete(f"/api/v1/me/push-subscriptions/{shown[0]['id']}")
    assert stranger.status_code == 404
    assert (await world.daniel.delete(f"/api/v1/me/push-subscriptions/{shown[0]['id']}")).status_code == 204
    assert len((await world.daniel.get("/api/v1/me/push-subscriptions")).json()) == 19


async def test_data_that_was_restored_pushes_nothing_until_it_is_released(
    world: World, database: Database, push_service: PushService, pushing: PushLoop
) -> None:
    """Also what waited in the backup, and a copy of the database that somebody only looks at."""
    browser = Browser(f"{push_service.url}/one")
    await browser.subscribe(world.daniel)
    async with database.transaction() as session:
        await holds.hold(session, HoldReason.RESTORED)
    await world.text(PARENT, "From before")
    dropped = "SELECT 1 WHERE NOT EXISTS (SELECT FROM notices) AND NOT EXISTS (SELECT FROM pushes)"
    await eventually(lambda: any_rows(world, dropped), "it is dropped")
    async with database.transaction() as session:
        await holds.release(session, world.organization_id)

    await world.text(PARENT, "From now on")

    (posted,) = await push_service.has(1)
    assert browser.read(posted)["body"] == "From now on"


async def test_nothing_is_stored_where_no_browser_shows_notifications(world: World) -> None:
    await world.text(PARENT, "Hello")
    assert await world.rows("SELECT id FROM notices") == []
