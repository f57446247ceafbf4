"""Files from the upload to the provider, which fetches them at a signed address."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.kit.secrets import SecretBox
from api.media.signed import VALID_FOR, SignedFile, carrier_address, read_token
from api.providers.port import FetchedMedia
from api.retention import stages
from tests.support.media import CONTACT, picture_fields, settle_media, upload
from tests.support.pictures import drawing, photo
from tests.support.service import ORIGIN
from tests.support.world import World

PARENT = "+13125550101"
API = "/api/v1"


@pytest.fixture
async def path(world: World) -> str:
    await world.family("Rivera", PARENT)
    started = await world.maria.post(f"{API}/conversations", json={"phone_number": PARENT})
    return f"{API}/conversations/{started.json()['id']}/messages"


async def attached(world: World, content: bytes = CONTACT) -> str:
    answer = await upload(world.maria, content)
    assert answer.status_code == 201, answer.text
    upload_id: str = answer.json()["id"]
    return upload_id


async def send(world: World, path: str, *ids: str, body: str = "", status: int = 201) -> dict[str, Any]:
    answer = await world.maria.post(path, json={"body": body, "attachments": list(ids)})
    assert answer.status_code == status, answer.text
    message: dict[str, Any] = answer.json()
    return message


async def addresses(world: World) -> list[str]:
    """Where the provider is told to fetch the files of the only message that is due."""
    (claim,) = await world.claims()
    return [each.removeprefix(ORIGIN) for each in claim.message.media_urls]


def carrier(world: World) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=world.service.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN)


async def test_a_picture_and_a_contact_are_sent_without_words_and_shown_in_the_thread(world: World, path: str) -> None:
    ids = [await attached(world, drawing()), await attached(world)]
    message = await send(world, path, *ids)
    assert [(each["id"], each["content_type"], each["state"]) for each in message["media"]] == [
        (ids[0], "image/png", "kept"),
        (ids[1], "text/vcard", "kept"),
    ]
    assert (message["body"], message["segments"]) == ("", 1)
    assert (await world.conversation(PARENT))["last_message"]["preview"] == "2 pictures"
    assert (await world.daniel.get(message["media"][1]["url"])).content == CONTACT
    assert (await world.maria.get(f"{API}/media/{ids[0]}")).status_code == 404
    assert await world.rows("SELECT 1 FROM uploads") == []


async def test_the_provider_fetches_each_file_once_noted_at_an_address_that_opens_nothing_else(
    world: World, path: str
) -> None:
    message = await send(world, path, await attached(world), await attached(world, drawing()), body="Hi")
    urls = await addresses(world)
    async with carrier(world) as http:
        for _ in range(2):
            served = await http.get(urls[0])
            assert (served.status_code, served.content) == (200, CONTACT)
        head = await http.head(urls[1])
    assert served.headers["content-type"].startswith("text/vcard")
    assert served.headers["content-length"] == str(len(CONTACT))
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["x-robots-tag"] == "noindex, nofollow"
    assert served.headers["content-disposition"] == 'inline; filename="file-1.vcf"'
    assert "set-cookie" not in served.headers
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", "image/png")
    timeline = (await world.daniel.get(f"{API}/messages/{message['id']}")).json()["timeline"]
    assert [each["detail"] for each in timeline if each["status"] == "fetched"] == ["The provider fetched file 1."]


async def test_a_forged_or_expired_address_opens_nothing(world: World, path: str) -> None:
    await send(world, path, await attached(world), body="Hi")
    (url,) = await addresses(world)
    token = url.split("/")[2]
    secrets, base = world.service.secret_box, ""
    file = read_token(secrets, token)
    assert file is not None

    def again(**changed: object) -> str:
        changed_file = SignedFile(**{**vars(file), **changed})
        return carrier_address(secrets, base, changed_file, content_type="text/vcard")

    flipped = ("A" if token[40] != "A" else "B").join((token[:40], token[41:]))
    received = await received_file(world)
    tries = {
        "another bit": url.replace(token, flipped),
        "cut": url.replace(token, token[:-3]),
        "longer": url.replace(token, token + "AAAA"),
        "padded": url.replace(token, token + "=="),
        "another name": url.replace("file.vcf", "file.html"),
        "another key": carrier_address(SecretBox("another"), base, file, content_type="text/vcard"),
        "expired": again(expires_at=datetime.now(UTC) - timedelta(seconds=1)),
        "another business": again(organization_id=uuid4()),
        "a received file": again(media_id=UUID(received)),
        "empty": "/carrier-media//file.vcf",
        "endless": f"/carrier-media/{'A' * 5000}/file.vcf",
    }
    async with carrier(world) as http:
        answers = {name: (await http.get(each)).status_code for name, each in tries.items()}
        assert answers == dict.fromkeys(tries, 404)
        assert (await http.post(url)).status_code == 405
        assert (await http.get(url)).status_code == 200
        metrics = (await http.get("/metrics")).text
    assert 'messenger_carrier_media_total{outcome="forged"}' in metrics
    assert 'messenger_carrier_media_total{outcome="expired"}' in metrics


async def received_file(world: World) -> str:
    """A file that a parent has sent."""
    await world.text(PARENT, "", **picture_fields("https://api.twilio.com/contact", content_type="text/vcard"))
    await settle_media(world, FetchedMedia(CONTACT))
    conversation = await world.conversation(PARENT)
    file_id: str = (await world.thread(conversation["id"]))[-1]["media"][0]["id"]
    return file_id


def test_an_address_is_good_for_hours_and_while_the_secret_key_is_replaced() -> None:
    file = SignedFile(uuid4(), uuid4(), datetime(2026, 11, 27, 12, tzinfo=UTC))
    old, replacing, new = SecretBox("old"), SecretBox("new", "old"), SecretBox("new")
    token = carrier_address(old, "https://m.test", file, content_type="image/png").split("/")[-2]
    assert token == carrier_address(old, "https://m.test", file, content_type="image/png").split("/")[-2]
    assert (read_token(old, token), read_token(replacing, token), read_token(new, token)) == (file, file, None)
    assert timedelta(hours=1) < VALID_FOR < timedelta(days=1)


async def test_a_repeated_claim_signs_afresh(world: World, path: str) -> None:
    await send(world, path, await attached(world))
    (first,) = await addresses(world)
    await world.rows("UPDATE outbox SET state = 'queued', lease_token = NULL, due_at = now() RETURNING 1")
    await world.rows("UPDATE messages SET status = 'queued' WHERE direction = 'outbound' RETURNING 1")
    (again,) = await addresses(world)
    assert again.split("/")[-1] == first.split("/")[-1]
    read = [read_token(world.service.secret_box, each.split("/")[2]) for each in (first, again)]
    assert read[0] is not None
    assert read[1] is not None
    assert read[0].media_id == read[1].media_id
    assert read[0].expires_at <= read[1].expires_at


async def test_an_upload_is_sent_once_and_only_by_its_uploader(world: World, path: str) -> None:
    mine = await attached(world)
    theirs = (await upload(world.admin)).json()["id"]
    refused = await send(world, path, mine, theirs, status=422)
    assert [each["pointer"] for each in refused["errors"]] == ["/attachments/1"]
    assert (await send(world, path, mine, mine, status=422))["errors"][0]["pointer"] == "/attachments"
    await send(world, path, mine, body="Once")
    assert (await send(world, path, mine, body="Twice", status=422))["errors"][0]["pointer"] == "/attachments/0"
    await world.rows("UPDATE uploads SET expires_at = now() - interval '1 second' RETURNING 1")
    answer = await world.admin.post(path, json={"attachments": [theirs]})
    assert answer.status_code == 422, answer.text


async def test_a_line_takes_what_its_carriers_deliver(world: World, path: str) -> None:
    contact = CONTACT + b"NOTE:" + b"x" * 590_000
    ids = [await attached(world, contact) for _ in range(9)]
    refused = await send(world, path, *ids, status=422)
    assert refused["errors"][0]["pointer"] == "/attachments"
    assert "5,000 kB" in refused["errors"][0]["detail"]
    await send(world, path, *ids[:8])
    many = [await attached(world) for _ in range(11)]
    assert (await send(world, path, *many, status=422))["errors"][0]["pointer"] == "/attachments"


async def test_SEND_ONCE_a_request_without_attachments_is_the_same_as_before_there_were_any(
    world: World, path: str
) -> None:
    for body in ({"body": "Hi"}, {"body": "Hi", "attachments": []}):
        answer = await world.maria.post(path, json=body, headers={"Idempotency-Key": "7"})
        assert answer.status_code == 201, answer.text
    assert len(await world.rows("SELECT 1 FROM messages")) == 1


async def test_a_failed_picture_message_is_sent_again_with_copies(world: World, path: str) -> None:
    failed = await send(world, path, await attached(world, photo(80, 60)), await attached(world))
    await world.settle_as(failed["id"], "failed")
    again = await world.maria.post(f"{API}/messages/{failed['id']}/retry")
    assert again.status_code == 201, again.text
    assert [each["content_type"] for each in again.json()["media"]] == ["image/jpeg", "text/vcard"]
    assert {each["id"] for each in again.json()["media"]}.isdisjoint(each["id"] for each in failed["media"])
    for message in (failed, again.json()):
        assert (await world.daniel.get(message["media"][1]["url"])).content == CONTACT


async def test_ERASE_the_files_of_an_erased_number_are_gone_at_the_signed_address_too(world: World, path: str) -> None:
    message = await send(world, path, await attached(world), body="Hi")
    (url,) = await addresses(world)
    await world.settle_as(message["id"], "sent")
    erased = await world.admin.post(f"{API}/phone-numbers/{PARENT}/erase", json={"reason": "Asked."})
    assert erased.status_code == 200, erased.text
    while await stages.work_off(world.service.database):
        pass
    async with carrier(world) as http:
        assert (await http.get(url)).status_code == 404
    assert await world.rows("SELECT 1 FROM message_media") == []
