"""The sender of one worker, over HTTP to a provider that the test controls."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.delivery.expire import expire_leases
from api.delivery.sender import Sender
from api.inbound.later import add_later
from api.kit.database import Database
from api.logging import configure_logging
from api.settings import Settings
from tests.providers.dialects.dialect import PARENT
from tests.providers.dialects.twilio import Twilio
from tests.providers.peer import Peer, http
from tests.providers.wire import Wire
from tests.support import postgres
from tests.support.service import service_settings
from tests.support.statements import execute, fetch_value
from tests.support.world import World


@pytest.fixture
async def wire(world: World, peer: Peer) -> Wire:
    """A line of Twilio, whose peer accepts each text under an id of its own."""
    await world.family("Smith", PARENT)
    return await wire_of(world, peer)


async def wire_of(world: World, peer: Peer) -> Wire:
    async def accept(writer: asyncio.StreamWriter) -> None:
        await http(201, {"sid": f"SM{len(peer.requests)}", "status": "queued"})(writer)

    peer.answer = accept
    return await Wire.laid(world, Twilio(), peer)


def sender_of(
    world: World,
    *,
    database: Database | None = None,
    settings: Settings | None = None,
    wake: Callable[[], None] = lambda: None,
) -> Sender:
    service = world.service
    return Sender(
        database or service.database,
        service.providers,
        service.secret_box,
        settings or service.settings,
        add_later=add_later,
        wake=wake,
    )


async def until_sent(wire: Wire, message_id: str, stored: asyncio.Event) -> None:
    """`stored` is set whenever the sender has stored something."""
    async with asyncio.timeout(20):
        while (await wire.status(message_id))[0] != "sent":
            await stored.wait()
            stored.clear()


def posted(peer: Peer) -> list[str]:
    return [dict(request.form)["Body"] for request in peer.requests]


async def test_SEND_ORDER_messages_to_one_parent_leave_in_the_order_in_which_they_were_sent(wire: Wire) -> None:
    said = [f"text {number}" for number in range(4)]
    for body in said:
        await wire.queues(body)
    sender = sender_of(wire.world)
    while await sender.send_due():
        await sender.stop()
    assert posted(wire.peer) == said
    assert await wire.world.rows("SELECT 1 FROM outbox") == []


async def test_a_provider_that_hangs_delays_no_other_organization(wire: Wire) -> None:
    released = asyncio.Event()
    accept = wire.peer.answer

    async def hang_on_one(writer: asyncio.StreamWriter) -> None:
        if posted(wire.peer)[-1] == "slow":
            await released.wait()
        await accept(writer)

    wire.peer.answer = hang_on_one
    slow = await wire.queues("slow")
    stored = asyncio.Event()
    sender = sender_of(wire.world, wake=stored.set)
    await sender.send_due()
    await wire.peer.asked.wait()

    neighbour = await World.create(wire.world.service)
    await neighbour.family("Jones", PARENT)
    quick_wire = await Wire.laid(neighbour, Twilio(), wire.peer)
    quick = await quick_wire.queues("quick")
    await sender.send_due()
    await until_sent(quick_wire, quick, stored)

    assert await wire.status(slow) == ("sending", None)
    released.set()
    await sender.stop()
    assert await wire.status(slow) == ("sent", None)


async def test_a_line_whose_credentials_cannot_be_opened_delays_no_other_organization(wire: Wire) -> None:
    others = []
    for name in ("Jones", "Brown"):
        neighbour = await World.create(wire.world.service)
        await neighbour.family(name, PARENT)
        others.append(await Wire.laid(neighbour, Twilio(), wire.peer))
    ids = [await each.queues() for each in (wire, *others)]
    broken = others[0]
    await wire.world.rows(
        "UPDATE lines SET sealed_credentials = '\\x00' WHERE id = :id RETURNING id", id=broken.line["id"]
    )
    sender = sender_of(wire.world)
    await sender.send_due()
    await sender.stop()
    statuses = [(await each.status(message_id))[0] for each, message_id in zip((wire, *others), ids, strict=True)]
    assert statuses == ["sent", "queued", "sent"]


async def test_OPTIN_DISPATCH_a_worker_suspended_beyond_its_lease_posts_nothing(wire: Wire) -> None:
    message_id = await wire.queues()
    late = service_settings(".", public_url=wire.world.service.settings.public_url, send_lease_seconds=0.000_001)
    sender = sender_of(wire.world, settings=late)
    await sender.send_due()
    await sender.stop()
    assert wire.peer.requests == []
    assert await wire.status(message_id) == ("sending", None)
    assert await wire.world.rows("SELECT state FROM outbox") == [("queued",)]


async def test_SEND_NEVER_TWICE_a_settlement_that_cannot_be_stored_fails_no_other(wire: Wire) -> None:
    """The provider gives two texts the same id, so only one of them can be stored."""
    await wire.world.family("Jones", "+13125550133")
    first = await wire.queues()
    started = await wire.world.maria.post(
        "/api/v1/conversations", json={"phone_number": "+13125550133", "line_id": wire.line["id"]}
    )
    path = f"/api/v1/conversations/{started.json()['id']}/messages"
    second = (await wire.world.maria.post(path, json={"body": "To another"})).json()["id"]
    wire.peer.answer = wire.dialect.accepts("SM1")
    sender = sender_of(wire.world)

    await sender.send_due()
    await sender.stop()

    assert sorted([await wire.status(each) for each in (first, second)]) == [("sending", None), ("sent", None)]
    await wire.world.rows("UPDATE outbox SET due_at = now() RETURNING id")
    await expire_leases(wire.world.service.database, wire.world.organization_id)
    assert sorted([await wire.status(each) for each in (first, second)]) == [("sent", None), ("unknown", None)]
    assert len(wire.peer.requests) == 2


class Watched(Database):
    """Sets `failed` when a transaction fails."""

    def __init__(self, url: str) -> None:
        super().__init__(url, pool_size=2)
        self.failed = asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        try:
            async with super().transaction() as session:
                yield session
        except Exception:
            self.failed.set()
            raise


async def test_SEND_NEVER_TWICE_an_answer_is_kept_while_the_database_is_unavailable_and_then_stored(
    wire: Wire, clone: postgres.Database
) -> None:
    released, stored = asyncio.Event(), asyncio.Event()
    accept = wire.peer.answer

    async def wait(writer: asyncio.StreamWriter) -> None:
        await released.wait()
        await accept(writer)

    wire.peer.answer = wait
    message_id = await wire.queues()
    database = Watched(clone.url)
    sender = sender_of(wire.world, database=database, wake=stored.set)
    await sender.send_due()
    await wire.peer.asked.wait()

    with unavailable(clone):
        stored.clear()
        released.set()
        await database.failed.wait()
    await stored.wait()

    await sender.stop()
    await database.close()
    assert fetch_value(clone.admin_url, "SELECT status FROM messages WHERE id = $1", message_id) == "sent"
    assert len(wire.peer.requests) == 1


@contextmanager
def unavailable(clone: postgres.Database) -> Iterator[None]:
    """The database refuses connections, and its open ones are terminated."""
    admin_url = postgres.cluster().admin_url
    execute(
        admin_url,
        f"ALTER DATABASE {clone.name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{clone.name}'",
    )
    yield
    execute(admin_url, f"ALTER DATABASE {clone.name} ALLOW_CONNECTIONS true")


async def test_a_reply_can_be_followed_from_its_request_to_the_carrier(
    wire: Wire, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request's id is in the outbox, and in each of the worker's lines about the message."""
    wire.world.maria.headers["X-Request-ID"] = "click-1"
    message_id = await wire.queues("At four.")
    assert await wire.world.rows("SELECT request_id FROM outbox") == [("click-1",)]
    configure_logging(service_settings(".", log_level="info", log_format="json"))
    for module in ("sender", "settle"):
        # A logger keeps the level that it was first used with.
        monkeypatch.setattr(f"api.delivery.{module}.log", structlog.get_logger(module))
    sender = sender_of(wire.world)
    await sender.send_due()
    await sender.stop()
    configure_logging(service_settings(".", log_level="error"))
    written = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    about = [line for line in written if line.get("message_id") == message_id]
    assert [line["event"] for line in about] == ["delivery.claimed", "delivery.posted", "delivery.settled"]
    assert {line["request_id"] for line in about} == {"click-1"}
    assert (about[1]["outcome"], about[1]["provider_message_id"]) == ("accepted", "SM1")
    assert "At four." not in str(written)
    assert PARENT not in str(written)
    metrics = (await wire.world.other_client().get("/metrics")).text
    assert 'messenger_provider_seconds_count{operation="send",outcome="accepted",provider="twilio"}' in metrics
