"""Pictures as phones and attackers make them."""

import io

from PIL import Image

GPS, ORIENTATION = 0x8825, 0x0112


def photo(width: int = 800, height: int = 600, *, orientation: int = 1, kind: str = "JPEG") -> bytes:
    """A noisy photo with the camera's notes: where it was taken, and which way up it was held."""
    notes = Image.Exif()
    notes[ORIENTATION] = orientation
    notes[GPS] = {1: "N", 2: (41.0, 52.0, 55.0)}
    notes[0x010F] = "Camera of a parent"
    out = io.BytesIO()
    Image.effect_noise((width, height), 50).convert("RGB").save(out, kind, exif=notes)
    return out.getvalue()


def drawing(width: int = 300, height: int = 200) -> bytes:
    """A flyer with a transparent ground and a note in it."""
    out = io.BytesIO()
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    picture.paste((200, 30, 30, 255), (20, 20, width - 20, height - 20))
    picture.save(out, "PNG")
    return out.getvalue()


def moving(frames: int = 4) -> bytes:
    shown = [Image.effect_noise((120, 90), 10 + number * 20).convert("P") for number in range(frames)]
    out = io.BytesIO()
    shown[0].save(out, "GIF", save_all=True, append_images=shown[1:], duration=80)
    return out.getvalue()


def bomb(side: int = 20_000) -> bytes:
    """A few kilobytes that would be gigabytes of memory."""
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, "PNG")
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture
