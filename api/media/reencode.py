"""A program that makes a picture anew. It reads one from a stranger, so it runs as a child process with limits.

    python reencode.py FORMAT EDGE BYTES MOVING_BYTES < picture

It decodes the picture as FORMAT (a name of Pillow's) and no other, turns it upright, converts its colours to sRGB and
writes a JPEG, PNG or GIF without any metadata, of at most BYTES, with sides of at most EDGE pixels. A moving GIF stays
one, of at most MOVING_BYTES. The output is a line of JSON, {"content_type", "width", "height"} or {"error"}, then the
picture. It imports nothing of the service.
"""

import io
import json
import resource
import sys
from typing import Final

from PIL import Image, ImageCms, ImageSequence

MAX_PIXELS: Final = 60_000_000
"""Larger than the cameras of phones make by default."""

MAX_FRAMES: Final = 300
MAX_MOVING_PIXELS: Final = 200_000_000
"""Of all frames together."""

MEMORY_BYTES: Final = 1 << 30
CPU_SECONDS: Final = 20

QUALITIES: Final = (85, 78, 70, 60, 50)
ORIENTATION: Final = 0x0112
TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Exif 2.32, the tag Orientation."""


class Refused(Exception):
    """The message is a code that the service has words for."""


def limit_resources() -> None:
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):
            continue  # macOS has no limit of the address space; the parent's time limit stays.


def edges(largest: int) -> list[int]:
    return [largest, *(edge for edge in (1280, 1024, 800, 640, 480, 320) if edge < largest)]


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    turn = TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def orientation_of(picture: Image.Image) -> int:
    """1 if the camera's notes cannot be read."""
    try:
        value = picture.getexif().get(ORIENTATION, 1)
    except Exception:  # The notes are a stranger's, and the picture can be shown without them.
        return 1
    return value if isinstance(value, int) else 1


def in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in the colours that phones take for granted, once its colour profile is gone."""
    if not profile or picture.mode not in {"RGB", "CMYK"}:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return made or picture


def decoded(picture: Image.Image, *, edge: int) -> Image.Image:
    """RGB or, if some of it is transparent, RGBA; upright; no larger than `edge`."""
    profile = picture.info.get("icc_profile")
    orientation = orientation_of(picture)
    picture.draft("RGB", (edge, edge))
    picture.load()
    has_alpha = picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info
    plain = in_srgb(picture, profile if isinstance(profile, bytes) else None).convert("RGBA" if has_alpha else "RGB")
    plain.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    plain = upright(plain, orientation)
    plain.info = {}
    if has_alpha and plain.getextrema()[-1] == (255, 255):
        return plain.convert("RGB")
    return plain


def on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def still(picture: Image.Image, *, as_png: bool, edge: int, most: int) -> tuple[str, Image.Image, bytes]:
    """Drawings and screenshots stay PNG where they are small enough: a JPEG blurs their letters."""
    whole = decoded(picture, edge=edge)
    if as_png:
        out = io.BytesIO()
        whole.save(out, "PNG", optimize=True)
        if out.tell() <= most:
            return "image/png", whole, out.getvalue()
    flat = on_white(whole)
    for side in edges(edge):
        smaller = flat.copy()
        smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            out = io.BytesIO()
            smaller.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= most:
                return "image/jpeg", smaller, out.getvalue()
    raise Refused("too_large")


def moving(picture: Image.Image, *, most: int) -> tuple[str, Image.Image, bytes]:
    count = getattr(picture, "n_frames", 1)
    if count > MAX_FRAMES or count * picture.width * picture.height > MAX_MOVING_PIXELS:
        raise Refused("too_many_frames")
    for side in (480, 360, 240, 160):
        frames: list[Image.Image] = []
        durations: list[int] = []
        for frame in ImageSequence.Iterator(picture):
            durations.append(int(frame.info.get("duration", 100) or 100))
            copy = frame.convert("RGBA")
            copy.thumbnail((side, side), Image.Resampling.LANCZOS)
            copy.info = {}
            frames.append(copy)
        out = io.BytesIO()
        frames[0].save(
            out, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, disposal=2, optimize=True
        )
        if out.tell() <= most:
            return "image/gif", frames[0], out.getvalue()
    raise Refused("too_large")


def reencode(
    content: bytes, *, as_format: str, edge: int, most: int, most_moving: int
) -> tuple[str, Image.Image, bytes]:
    Image.MAX_IMAGE_PIXELS = None  # Our own limit is checked below.
    with Image.open(io.BytesIO(content), formats=[as_format]) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise Refused("too_many_pixels")
        if as_format == "GIF" and getattr(picture, "n_frames", 1) > 1:
            return moving(picture, most=most_moving)
        return still(picture, as_png=as_format in {"PNG", "GIF"}, edge=edge, most=most)


def main() -> None:
    limit_resources()
    as_format, edge, most, most_moving = sys.argv[1], *map(int, sys.argv[2:5])
    try:
        content_type, picture, made = reencode(
            sys.stdin.buffer.read(), as_format=as_format, edge=edge, most=most, most_moving=most_moving
        )
        head = {"content_type": content_type, "width": picture.width, "height": picture.height}
    except Refused as refused:
        head, made = {"error": str(refused)}, b""
    except MemoryError:
        head, made = {"error": "too_many_pixels"}, b""
    except Exception as error:  # Decoders raise anything for a broken picture.
        head, made = {"error": "unreadable", "detail": type(error).__name__}, b""
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + made)


if __name__ == "__main__":
    main()
