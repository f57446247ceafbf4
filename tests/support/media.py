"""Pictures of a test's own, and the worker's part in fetching them."""

import struct
import zlib

import httpx

from api.media import service as media
from api.providers.port import MediaOutcome
from tests.support.world import World


def png(width: int, height: int) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\x00" + b"\x1f\x8a\x80" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PNG = png(2, 2)


CONTACT = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Maya Rivera\r\nTEL:+13125550101\r\nEND:VCARD\r\n"


async def upload(client: httpx.AsyncClient, content: bytes = CONTACT, *, name: str = "maya.vcf") -> httpx.Response:
    return await client.post("/api/v1/media", files={"file": (name, content, "application/octet-stream")})


def picture_fields(*urls: str, content_type: str = "image/png") -> dict[str, str]:
    """What a text's webhook says of its pictures."""
    fields = {"NumMedia": str(len(urls))}
    for number, url in enumerate(urls):
        fields |= {f"MediaUrl{number}": url, f"MediaContentType{number}": content_type}
    return fields


async def claims(world: World, *, limit: int = 10) -> list[media.Claim]:
    service = world.service
    return await media.claim(service.database, world.organization_id, secrets=service.secret_box, limit=limit)


async def settle_media(world: World, outcome: MediaOutcome) -> None:
    """Everything that is due turns out like that."""
    for claim in await claims(world):
        await media.settle(world.service.database, claim, outcome)


async def fetch_media(world: World) -> int:
    """As a worker: everything that is due is fetched. Returns how many files that were."""
    claimed = await claims(world)
    for claim in claimed:
        outcome = await media.fetch(claim, providers=world.service.providers)
        await media.settle(world.service.database, claim, outcome)
    return len(claimed)
