"""ERASE: what integrations keep on a number's texts, conversations and records goes with it."""

from datetime import UTC, datetime, timedelta

from tests.retention.test_erasing import erase, everything
from tests.support.world import World

API = "/api/v1"
PARENT, OTHER = "+13125550101", "+13125550102"


async def test_ERASE_empties_metadata(world: World) -> None:
    contacts = [
        {"name": "Ana Rivera", "phone_records": [{"phone_number": PARENT}]},
        {"name": "Ben Lee", "phone_records": [{"phone_number": OTHER}]},
    ]
    naming = {"name": "Shared", "contacts": contacts, "metadata": {"payer": "Ana Rivera"}}
    shared = (await world.admin.post(f"{API}/families", json=naming)).json()
    plain = (
        await world.admin.post(f"{API}/families", json={"name": "Kim", "contacts": [], "metadata": {"a": "b"}})
    ).json()
    alone = {"name": "Alone", "contacts": contacts[:1], "metadata": {"crm_id": "zebra-1"}}
    only = (await world.admin.post(f"{API}/families", json=alone)).json()
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    path = f"{API}/conversations/{conversation['id']}"
    await world.maria.patch(path, json={"metadata": {"crm_id": "zebra-2"}})
    (message,) = (await world.maria.get(f"{path}/messages")).json()["items"]
    await world.maria.patch(f"{API}/messages/{message['id']}", json={"metadata": {"crm_id": "zebra-3"}})
    later = {"body": "Later", "send_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    await world.maria.post(f"{path}/messages", json={**later, "metadata": {"crm_id": "zebra-4"}})
    assert "zebra-3" in await everything(world)

    await erase(world, PARENT)

    after = await everything(world)
    assert "zebra" not in after, [line for line in after.splitlines() if "zebra" in line][:3]
    for family, metadata in ((shared, {}), (plain, {"a": "b"}), (only, {})):
        assert (await world.admin.get(f"{API}/families/{family['id']}")).json()["metadata"] == metadata
    assert (await world.maria.get(path)).json()["metadata"] == {}
    assert (await world.maria.get(f"{API}/messages/{message['id']}")).json()["metadata"] == {}
