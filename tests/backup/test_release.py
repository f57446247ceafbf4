"""After a restore: what is held, what opens the outbox, and what keeps it held."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.backup.loop import ReleaseLoop
from api.delivery import holds
from api.delivery.holds import HoldReason, held_organizations
from api.delivery.rules import is_copy
from api.inbound.loop import BackfillLoop
from tests.providers.conftest import peer, settings, start
from tests.providers.dialects.bandwidth import Bandwidth
from tests.providers.dialects.dialect import PARENT, Dialect
from tests.providers.dialects.telnyx import Telnyx
from tests.providers.dialects.twilio import Twilio
from tests.providers.peer import Peer, http
from tests.providers.wire import Wire
from tests.support.world import World

__all__ = ["peer", "settings", "start"]


async def wired(world: World, dialect: Dialect, peer: Peer) -> Wire:
    await world.family("Smith", PARENT)
    # The business's own line is at a carrier that does not run here.
    await world.rows("UPDATE lines SET enabled = false RETURNING id")
    return await Wire.laid(world, dialect, peer)


@pytest.fixture
async def copied(world: World) -> World:
    """The data says that it was written in another database."""
    await world.rows("INSERT INTO database_identity (id, value) VALUES (1, 'another/1') RETURNING id")
    return world


async def holds_a_copy(world: World) -> bool:
    async with world.service.database.transaction() as session:
        return await holds.hold_copy(session)


async def turns(wire: Wire) -> None:
    """A turn of a worker's loop that opens outboxes."""
    service = wire.world.service
    await ReleaseLoop(service.database, service.providers, service.secret_box)._step()
    await wire.world.settled()


async def is_held(world: World) -> bool:
    status: dict[str, Any] = (await world.maria.get("/api/v1/sending-status")).json()
    return bool(status["held"])


async def fetched(wire: Wire) -> None:
    """As if the line's texts had been fetched long after the hold began."""
    await wire.world.rows("UPDATE line_watches SET compared_until = now() + interval '1 hour' RETURNING id")


async def test_SEND_NEVER_TWICE_what_waits_in_a_copy_is_reconciled_and_never_posted(copied: World, peer: Peer) -> None:
    wire = await wired(copied, Twilio(), peer)
    waited = await wire.queues("It waited.")
    await copied.rows(
        "UPDATE messages SET created_at = now() - interval '3 days' WHERE direction = 'outbound' RETURNING id"
    )

    assert await holds_a_copy(copied)
    assert not await holds_a_copy(copied), "it is this database's own data now"
    after = await wire.queues("Typed after the restore.")
    assert await wire.claims() == []
    peer.answer = http(503, {})
    await turns(wire)
    assert await wire.status(waited) == ("unknown", None)
    assert await wire.reconciles() == 0, "not before the texts since the backup have been applied"
    assert await is_held(copied)

    await fetched(wire)
    await turns(wire)
    peer.answer = http(200, {"messages": []})
    assert await wire.reconciles() == 1, "once, however long ago it was queued"
    await turns(wire)
    assert not await is_held(copied)
    assert [claim.message.body for claim in await wire.claims()] == ["Typed after the restore."]
    assert (await wire.status(waited), await wire.status(after)) == (("unknown", None), ("sending", None))


async def test_OPTIN_STOP_a_backup_that_is_older_than_a_week_is_backfilled_from_its_own_time(
    copied: World, peer: Peer
) -> None:
    wire = await wired(copied, Twilio(), peer)
    await copied.rows("UPDATE lines SET created_at = now() - interval '90 days' RETURNING id")
    backup = "now() - interval '20 days'"
    await copied.rows(
        "INSERT INTO line_watches (organization_id, id, due_at, compared_until)"
        f" SELECT organization_id, id, now(), {backup} FROM lines WHERE enabled RETURNING id"
    )
    peer.answer = http(200, {"messages": []})
    service = copied.service
    usual = BackfillLoop(
        service.database,
        service.providers,
        service.secret_box,
        service.settings,
        on_found=lambda: None,
        held=held_organizations,
    )
    await usual._step()
    assert peer.requests == [], "the usual backfill, which reaches back a week, leaves a copy alone"
    assert await is_held(copied)

    await turns(wire)
    (request,) = peer.requests
    since = datetime.fromisoformat(dict(parse_qsl(urlsplit(request.line.split(" ")[1]).query))["DateSent>"])
    assert timedelta(days=20) < datetime.now(UTC) - since < timedelta(days=20, hours=2)


async def test_a_line_without_a_list_opens_by_itself_only_if_its_provider_refuses_stopped_numbers(
    copied: World, peer: Peer
) -> None:
    wire = await wired(copied, Telnyx(), peer)
    assert await holds_a_copy(copied)
    await turns(wire)
    assert not await is_held(copied)


async def test_OPTIN_STOP_a_line_whose_stops_nobody_remembers_stays_held_until_an_operator_releases_it(
    copied: World, peer: Peer
) -> None:
    wire = await wired(copied, Bandwidth(), peer)
    waited = await wire.queues("It waited.")
    assert await holds_a_copy(copied)
    for _ in range(2):
        await turns(wire)
    assert await is_held(copied)

    released = await holds.release_from_shell(copied.service.database, [copied.organization_id])
    assert (released, await is_held(copied)) == (1, False)
    assert await wire.claims() == []
    assert await wire.status(waited) == ("unknown", None)
    assert await holds.release_from_shell(copied.service.database, [copied.organization_id]) == 0


async def test_credentials_that_cannot_be_read_keep_it_held(copied: World, peer: Peer) -> None:
    wire = await wired(copied, Twilio(), peer)
    await copied.rows("UPDATE lines SET sealed_credentials = 'x' RETURNING id")
    assert await holds_a_copy(copied)
    await turns(wire)
    assert await is_held(copied)


async def test_a_first_start_and_a_restart_hold_nothing_and_an_operator_can(world: World) -> None:
    assert not await holds_a_copy(world)
    assert not await holds_a_copy(world)
    assert not await is_held(world)
    async with world.service.database.transaction() as session:
        assert await holds.hold(session, HoldReason.OPERATOR) == 1
        assert await holds.hold(session, HoldReason.OPERATOR) == 1, "a hold that is open begins anew"
    metrics = (await world.other_client().get("/metrics")).text.splitlines()
    assert "messenger_outbox_held_organizations 1.0" in metrics
    assert await is_held(world)


@pytest.mark.parametrize(
    ("stored", "database", "copied"),
    [
        ("7/5", "7/5", False),
        ("7/5", "7/6", True),
        ("7/5", "8/5", True),
        ("-/5", "8/5", False),
        ("7/5", "-/5", False),
        ("-/5", "-/6", True),
        ("7/5", "-/6", True),
    ],
)
def test_data_in_another_database_is_a_copy(stored: str, database: str, copied: bool) -> None:
    assert is_copy(stored, database=database) is copied
