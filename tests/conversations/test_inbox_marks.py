"""What the inbox marks and finds: scheduled texts that are held back, and tags of the records that hold a number."""

from api.conversations.leaving import send_due
from api.delivery.holds import held_organizations
from tests.conversations.team import API, PARENT, counts, get, listed, soon, waiting
from tests.support.world import World

OTHER = "+13125550102"


async def test_NOT_SENT_a_scheduled_text_that_is_held_back_counts_until_it_is_withdrawn(world: World) -> None:
    await world.family("Castillo", PARENT)
    conversation_id = await waiting(world)
    await waiting(world, OTHER)
    text = await world.maria.post(
        f"{API}/conversations/{conversation_id}/messages", json={"body": "Class is on", "send_at": soon(hours=1)}
    )
    assert text.status_code == 201, text.text
    assert (await counts(world))["not_sent_conversations"] == 0
    assert await listed(world, not_sent="true") == []

    await world.text(PARENT, "Wait, is it on?")
    await world.rows("UPDATE scheduled_texts SET send_at = now(), due_at = now() RETURNING id")
    while await send_due(world.service.database, held_organizations):
        pass

    assert (await get(world, conversation_id))["not_sent"] == 1
    assert (await counts(world))["not_sent_conversations"] == 1
    assert await listed(world, not_sent="true") == [PARENT]
    assert await listed(world, not_sent="false") == [OTHER]

    withdrawn = await world.maria.delete(f"{API}/messages/{text.json()['id']}")
    assert withdrawn.status_code == 204
    assert (await get(world, conversation_id))["not_sent"] == 0
    assert (await counts(world))["not_sent_conversations"] == 0


async def test_the_inbox_finds_the_numbers_of_records_with_a_tag(world: World) -> None:
    family = await world.family("Castillo", PARENT)
    await world.family("Rivera", OTHER)
    await waiting(world)
    await waiting(world, OTHER)
    tagged = await world.admin.patch(f"{API}/families/{family['id']}", json={"tags": ["Competición"]})
    assert tagged.status_code == 200, tagged.text
    assert await listed(world, tag="competicion") == [PARENT]
    assert await listed(world, tag="Recital") == []

    view = await world.maria.post(f"{API}/views", json={"name": "Team", "filter": {"tag": "Competición"}})
    assert view.status_code == 201, view.text
    assert view.json()["filter"]["tag"] == "Competición"
