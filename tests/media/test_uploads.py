"""Files that are uploaded to be sent, as phones make them and as attackers do."""

import asyncio
import io
import zlib
from typing import Any

import pytest
from PIL import Image

from api.access.rules import Permission
from api.media import uploads
from api.media.pictures import EDGE, MOVING_BYTES, PICTURE_BYTES
from api.media.rules import PDF, VCARD
from api.media.upload_rules import (
    HEIC_WORDS,
    KIND_WORDS,
    MAX_FILE_BYTES,
    MAX_UNSENT,
    MAX_UPLOAD_BYTES,
    File,
    NotSendable,
    judge_upload,
    stored_name,
)
from tests.support.media import CONTACT, png, upload
from tests.support.pictures import bomb, drawing, moving, opened, photo
from tests.support.world import World

PARENT = "+13125550101"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100)


async def uploaded(world: World, content: bytes, *, name: str = "picture.jpg") -> tuple[dict[str, Any], bytes]:
    """The answer to an upload of Maria's, and the file as it will be sent."""
    answer = await upload(world.maria, content, name=name)
    assert answer.status_code == 201, answer.text
    served = await world.maria.get(answer.json()["url"])
    assert served.headers["content-type"] == answer.json()["content_type"]
    return answer.json(), served.content


async def test_a_photo_is_made_upright_small_and_without_the_camera_s_notes(world: World) -> None:
    original = photo(2600, 1900, orientation=6)
    assert b"Camera of a parent" in original
    said, sent = await uploaded(world, original)
    picture = opened(sent)
    assert said["content_type"] == "image/jpeg"
    assert (said["width"], said["height"]) == picture.size
    assert picture.height > picture.width, "it was held upright"
    assert max(picture.size) <= EDGE
    assert said["size"] == len(sent) <= PICTURE_BYTES
    assert not picture.getexif()
    assert b"Camera of a parent" not in sent
    assert b"Exif" not in sent


async def test_drawings_moving_pictures_and_webp_become_what_phones_show(world: World) -> None:
    said, sent = await uploaded(world, drawing(), name="flyer.png")
    assert (said["content_type"], opened(sent).mode) == ("image/png", "RGBA")
    said, sent = await uploaded(world, moving(), name="x.gif")
    assert (said["content_type"], getattr(opened(sent), "n_frames", 1)) == ("image/gif", 4)
    assert len(sent) <= MOVING_BYTES
    for kind in ("WEBP", "AVIF"):
        said, _ = await uploaded(world, photo(kind=kind))
        assert said["content_type"] == "image/jpeg"


async def test_other_files_are_sent_as_they_are(world: World) -> None:
    said, sent = await uploaded(world, CONTACT, name="C:\\Users\\maria\\maya.vcf")
    assert sent == CONTACT
    assert said["name"] == "maya.vcf"
    assert (said["content_type"], said["width"]) == ("text/vcard", None)


def png_with_huge_text() -> bytes:
    data = b"note\x00\x00" + zlib.compress(bytes(80_000_000))
    chunk = len(data).to_bytes(4) + b"zTXt" + data + zlib.crc32(b"zTXt" + data).to_bytes(4)
    whole = png(4, 4)
    return whole[:33] + chunk + whole[33:]


def many_frames() -> bytes:
    frames = [Image.new("L", (2, 2), 255 * (number % 2)) for number in range(400)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=20)
    return out.getvalue()


HOSTILE: list[tuple[str, bytes, int, str]] = [
    ("nothing", b"", 415, "empty"),
    ("HTML as a picture", b"<!DOCTYPE html><script>alert(1)</script>", 415, KIND_WORDS),
    ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415, KIND_WORDS),
    ("a program", b"\x7fELF" + bytes(100), 415, KIND_WORDS),
    ("a ZIP", b"PK\x03\x04" + bytes(100), 415, KIND_WORDS),
    ("HEIC", HEIC, 415, HEIC_WORDS),
    ("a torn JPEG", photo()[:400], 422, "can't be read"),
    ("a JPEG of rubbish", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 50, 422, "can't be read"),
    ("a PNG that says GIF", b"GIF89a" + drawing(), 422, ""),
    ("a pixel bomb", bomb(), 422, "too many pixels"),
    ("a bomb in a note", png_with_huge_text(), 422, "can't be read"),
    ("endless frames", many_frames(), 422, "too long"),
    ("a heavy PDF", b"%PDF-1.7\n" + bytes(MAX_FILE_BYTES), 413, "600 kB"),
    ("a heavy picture", b"\xff\xd8\xff" + bytes(MAX_UPLOAD_BYTES), 413, ""),
]


async def test_hostile_files_are_refused_in_words_and_leave_nothing(world: World) -> None:
    wrong: dict[str, str] = {}
    for name, content, status, words in HOSTILE:
        answer = await upload(world.maria, content, name="innocent.jpg")
        if answer.status_code != status or words not in (answer.json()["detail"] or ""):
            wrong[name] = f"{answer.status_code} {answer.text[:300]}"
    assert wrong == {}
    assert await world.rows("SELECT 1 FROM uploads") == []


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"--x\r\nnot a form", {"Content-Type": "multipart/form-data; boundary=x"}, 400),
        (b"x", {"Content-Type": "multipart/form-data"}, 400),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nwords\r\n--x--\r\n',
            {"Content-Type": "multipart/form-data; boundary=x"},
            422,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"w" * 5000 + b"\r\n--x--\r\n",
            {"Content-Type": "multipart/form-data; boundary=x"},
            400,
        ),
    ],
    ids=["JSON", "torn", "no boundary", "no file", "a large field"],
)
async def test_a_form_that_holds_no_file_is_refused(
    world: World, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await world.maria.post("/api/v1/media", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_PERM_TENANT_an_upload_belongs_to_its_uploader_alone(world: World) -> None:
    said = (await upload(world.maria)).json()
    neighbour = await World.create(world.service)
    for other in (world.admin, await world.api_key(Permission.SMS_LOGS, Permission.MASS_TEXT), neighbour.admin):
        for path in (f"/api/v1/media/{said['id']}", said["url"]):
            assert (await other.get(path)).status_code == 404
        assert (await other.delete(f"/api/v1/media/{said['id']}")).status_code == 404
    assert (await world.maria.get(f"/api/v1/media/{said['id']}")).json() == said
    assert (await world.maria.delete(f"/api/v1/media/{said['id']}")).status_code == 204
    assert (await world.maria.get(said["url"])).status_code == 404


async def test_SEND_ONCE_a_repeated_upload_is_the_same_file(world: World) -> None:
    async def post(content: bytes) -> Any:
        files = {"file": ("maya.vcf", content, "text/vcard")}
        return await world.maria.post("/api/v1/media", files=files, headers={"Idempotency-Key": "1"})

    first, again = await post(CONTACT), await post(CONTACT)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (await post(CONTACT + b"x")).status_code == 422
    assert len(await world.rows("SELECT 1 FROM uploads")) == 1


async def test_what_is_not_sent_is_deleted_after_a_day_and_is_limited_until_then(world: World) -> None:
    for _ in range(MAX_UNSENT):
        assert (await upload(world.maria)).status_code == 201
    assert (await upload(world.maria)).status_code == 409
    assert (await upload(world.admin)).status_code == 201
    await world.rows(
        "UPDATE uploads SET expires_at = now() WHERE owner_id = :id RETURNING 1", id=world.staff_ids["maria"]
    )
    assert not await uploads.delete_expired(world.service.database)
    assert len(await world.rows("SELECT 1 FROM uploads")) == 1
    assert (await upload(world.maria)).status_code == 201


async def test_pictures_take_turns_and_a_flood_is_told_to_wait(world: World) -> None:
    small = photo(64, 64)
    answers = await asyncio.gather(*(upload(world.maria, small) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {201, 503}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)


def test_the_kind_is_read_from_the_bytes_and_the_name_says_nothing() -> None:
    assert judge_upload(b"%PDF-1.7") == File(PDF)
    assert judge_upload(CONTACT) == File(VCARD)
    assert judge_upload(HEIC) == NotSendable(HEIC_WORDS)
    assert stored_name("../../etc/passwd", PDF) == "passwd"
    assert stored_name("\u202e\x07", PDF) == "file.pdf"
    assert len(stored_name("a" * 500, PDF)) == 100
