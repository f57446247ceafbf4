"""A check inside the running service, while the provider takes its time."""

import asyncio

from tests.providers.dialects.dialect import LINE_NUMBER
from tests.providers.dialects.twilio import Twilio
from tests.providers.peer import Peer, http
from tests.providers.wire import Wire
from tests.support.world import World


async def test_no_transaction_is_open_while_the_provider_is_asked_and_a_line_changed_meanwhile_keeps_no_answer(
    world: World, peer: Peer
) -> None:
    wire = await Wire.laid(world, Twilio(), peer)
    listed = {"phone_number": LINE_NUMBER, "sms_url": wire.line["webhook_urls"]["inbound"], "sms_method": "POST"}
    goes_on = asyncio.Event()

    async def slow(writer: asyncio.StreamWriter) -> None:
        await goes_on.wait()
        await http(200, {"incoming_phone_numbers": [listed]})(writer)

    peer.answer = slow
    path = f"/api/v1/lines/{wire.line['id']}"
    for changed in (False, True):
        goes_on.clear()
        peer.asked.clear()
        asking = asyncio.create_task(world.admin.post(f"{path}/check"))
        await peer.asked.wait()
        in_transaction = await world.rows(
            "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state LIKE 'idle in transaction%'"
        )
        assert in_transaction == []
        if changed:
            new = {**Twilio.credentials, "auth_token": "another"}
            assert (await world.admin.patch(path, json={"credentials": new})).is_success
        goes_on.set()
        health = (await asking).json()
        assert health["state"] == "ready"
        assert (await world.admin.get(path)).json()["health"] == (None if changed else health)
