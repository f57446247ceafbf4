"""Files of mass texts: stored once, shown by each message, kept by the draft."""

from typing import Any

from sqlalchemy import text

from api.providers.port import Rejected
from tests.broadcasts.test_broadcasts import claim_all, confirm, do, settle, shown, two, work
from tests.support.broadcasts import BROADCASTS, a_broadcast
from tests.support.media import CONTACT, upload
from tests.support.world import World

__all__ = ["two"]


async def a_file(world: World) -> str:
    added = await upload(world.maria)
    assert added.status_code == 201, added.text
    file_id: str = added.json()["id"]
    return file_id


async def draft(world: World, *files: str, **more: Any) -> dict[str, Any]:
    body = a_broadcast(audience={"families": {}}, attachments=files, **more)
    made = await world.maria.post(BROADCASTS, json=body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def test_a_file_of_a_mass_text_is_stored_once_and_shown_by_each_message(two: World) -> None:
    written = await draft(two, await a_file(two), body="")
    (file,) = written["attachments"]
    assert (file["name"], file["content_type"], file["size"]) == ("maya.vcf", "text/vcard", len(CONTACT))
    assert (await two.daniel.get(file["url"])).content == CONTACT
    assert (await do(two, written["id"], "preview"))["segments"] == {"least": 1, "most": 1, "total": 2}

    await confirm(two, written["id"])
    await work(two)
    claims = await claim_all(two)
    addresses = {address for claim in claims for address in claim.message.media_urls}
    assert len(claims) == 2
    for address in addresses:
        fetched = await two.other_client().get(address)
        assert (fetched.status_code, fetched.content) == (200, CONTACT)
    await settle(two, claims)
    for claim in claims:
        (message,) = await two.thread(str(claim.conversation_id))
        (shown_file,) = message["media"]
        assert (await two.daniel.get(shown_file["url"])).content == CONTACT
    assert await two.rows("SELECT 1 FROM message_media") == []
    assert len(await two.rows("SELECT 1 FROM broadcast_files")) == 1


async def test_a_draft_takes_other_files_and_a_retry_has_its_own(two: World) -> None:
    first, second = await a_file(two), await a_file(two)
    written = await draft(two, first)
    path = f"{BROADCASTS}/{written['id']}"
    changed = await two.maria.patch(path, json={"attachments": [second, first]})
    assert [each["id"] for each in changed.json()["attachments"]] == [second, first]
    fewer = await two.maria.patch(path, json={"attachments": [second]})
    assert [each["id"] for each in fewer.json()["attachments"]] == [second]
    assert (await two.maria.patch(path, json={"attachments": [second, first]})).status_code == 422
    assert len(await two.rows("SELECT 1 FROM broadcast_files")) == 1
    # Somebody else's upload is not there (PERM-TENANT).
    assert (await two.admin.patch(path, json={"attachments": [await a_file(two)]})).status_code == 422

    await confirm(two, written["id"])
    async with two.service.database.transaction() as session:
        await session.execute(text("UPDATE broadcasts SET state = 'sent'"))
        await session.execute(text("UPDATE broadcast_recipients SET state = 'failed'"))
    retry = await do(two, written["id"], "retry", status=201)
    (copy,) = retry["attachments"]
    assert copy["id"] != second
    assert (await two.daniel.get(copy["url"])).content == CONTACT


async def test_a_failed_text_of_a_mass_text_is_sent_again_with_its_file(two: World) -> None:
    written = await draft(two, await a_file(two))
    await confirm(two, written["id"])
    await work(two)
    claims = await claim_all(two)
    await settle(two, claims, Rejected(code="30003", title="Unreachable handset", opted_out=False))
    again = await two.maria.post(f"/api/v1/messages/{claims[0].message_id}/retry")
    assert again.status_code == 201, again.text
    (file,) = again.json()["media"]
    assert (await two.maria.get(file["url"])).content == CONTACT
    assert (await shown(two, written["id"]))["counts"] == {"failed": 2}
