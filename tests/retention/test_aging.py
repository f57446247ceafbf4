"""Retention by age: old texts and files become marks; what is queued or unseen stays; one audit entry says how much."""

from typing import Any

from api.audit.rules import EntryCount
from api.audit_log import service as audit_log
from api.retention.aging import retain
from tests.support.world import World

API = "/api/v1"
PARENT, OTHER = "+13125550101", "+13125550102"


async def age(world: World, days: int) -> None:
    """Every text that is stored now is that old."""
    await world.rows(
        "UPDATE messages SET created_at = created_at - make_interval(days => :days) WHERE erased_at IS NULL"
        " RETURNING id",
        days=days,
    )


async def thread_of(world: World, number: str) -> dict[str, Any]:
    items = (await world.maria.get(f"{API}/conversations")).json()["items"]
    found: dict[str, Any] = next(each for each in items if each["phone_number"] == number)
    return found


async def bodies(world: World, number: str) -> list[str]:
    thread = await thread_of(world, number)
    messages = (await world.maria.get(f"{API}/conversations/{thread['id']}/messages")).json()["items"]
    return [each["body"] for each in messages]


async def see(world: World, number: str) -> None:
    thread = await thread_of(world, number)
    seen = await world.maria.put(
        f"{API}/conversations/{thread['id']}/viewers/0190a0a0-0000-7000-8000-000000000001",
        json={"seen_seq": thread["last_seq"]},
    )
    assert seen.is_success, seen.text


async def test_old_texts_become_marks_and_what_is_unseen_or_queued_stays(world: World) -> None:
    settings = world.service.settings.model_copy(update={"retain_texts_days": 30})
    await world.family("Rivera", PARENT)
    await world.family("Okafor", OTHER)
    await world.text(PARENT, "Old and seen")
    await see(world, PARENT)
    await world.text(OTHER, "Old and not seen")
    thread = await thread_of(world, PARENT)
    await world.maria.post(f"{API}/conversations/{thread['id']}/messages", json={"body": "Old and queued"})
    await age(world, 31)
    await world.text(PARENT, "New")

    await retain(world.service.database, world.organization_id, settings)

    assert await bodies(world, PARENT) == ["", "Old and queued", "New"]
    assert await bodies(world, OTHER) == ["Old and not seen"]
    assert (await thread_of(world, PARENT))["last_message"]["preview"] == "New"
    assert (await world.maria.get(f"{API}/indicator")).json()["unread_messages"] == 1
    found = (await world.maria.get(f"{API}/messages/search", params={"q": "seen"})).json()["items"]
    assert [each["message"]["body"] for each in found] == ["Old and not seen"]
    entries = await world.rows("SELECT details - 'salt' FROM audit_entries WHERE action = 'retention.applied'")
    assert [tuple(each) for each in entries] == [({"texts": 1},)]
    assert await world.rows("SELECT 1 FROM inbound_events WHERE body IS NULL"), "the raw event held the text too"

    await see(world, OTHER)
    await retain(world.service.database, world.organization_id, settings)
    assert await bodies(world, OTHER) == ["Old and not seen"], "it runs once a day"
    await world.rows("UPDATE retention_runs SET day = day - 1 RETURNING id")
    await retain(world.service.database, world.organization_id, settings)
    assert await bodies(world, OTHER) == [""]
    assert (await thread_of(world, OTHER))["last_message"]["erased"] is True
    count = await audit_log.verify_log(world.service.database, world.organization_id)
    assert isinstance(count, EntryCount)


async def test_without_a_setting_everything_is_kept(world: World) -> None:
    await world.text(PARENT, "Hello")
    await see(world, PARENT)
    await age(world, 10_000)

    await retain(world.service.database, world.organization_id, world.service.settings)

    assert await bodies(world, PARENT) == ["Hello"]
    assert not await world.rows("SELECT 1 FROM audit_entries WHERE action = 'retention.applied'")


async def test_old_files_go_before_their_texts(world: World) -> None:
    settings = world.service.settings.model_copy(update={"retain_media_days": 30})
    picture = {"NumMedia": "1", "MediaUrl0": "http://127.0.0.1:1/picture", "MediaContentType0": "image/jpeg"}
    await world.text(PARENT, "Look", **picture)
    await see(world, PARENT)
    await world.rows(
        "UPDATE message_media SET state = 'kept', content = 'jpeg', content_type = 'image/jpeg', size = 4,"
        " sha256 = 'x' RETURNING id"
    )
    await age(world, 31)

    await retain(world.service.database, world.organization_id, settings)

    thread = await thread_of(world, PARENT)
    (message,) = (await world.maria.get(f"{API}/conversations/{thread['id']}/messages")).json()["items"]
    assert message["body"] == "Look"
    assert [(each["state"], each["reason"]) for each in message["media"]] == [("refused", "It was erased.")]
    assert not await world.rows("SELECT 1 FROM message_media WHERE content IS NOT NULL OR provider_url <> ''")
    entries = await world.rows("SELECT details - 'salt' FROM audit_entries WHERE action = 'retention.applied'")
    assert [tuple(each) for each in entries] == [({"media": 1},)]
