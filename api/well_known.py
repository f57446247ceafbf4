"""What programs ask of every site: `/robots.txt` and the addresses below `/.well-known/`."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, RedirectResponse

from api.access.dependencies import Public
from api.kit.app_state import from_app
from api.kit.errors import NotFound
from api.settings import Settings

SECURITY_TXT = "/.well-known/security.txt"
EXPIRES_AFTER = timedelta(days=180)
"""RFC 9116 wants less than a year. The time is counted from each request: the contact is as current as the setting."""

ACCOUNT_PAGE = "/account"

router = APIRouter(
    include_in_schema=False,
    dependencies=[Depends(Public("For search engines, researchers and password managers; the same for everybody."))],
)


@router.get("/robots.txt")
async def robots() -> PlainTextResponse:
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


@router.get(SECURITY_TXT)
async def security(request: Request) -> PlainTextResponse:
    """Where to report a vulnerability (RFC 9116)."""
    settings = from_app(request, Settings)
    if settings.security_contact is None:
        raise NotFound("This service names no contact: see MESSENGER_SECURITY_CONTACT.")
    expires = (datetime.now(UTC) + EXPIRES_AFTER).replace(hour=0, minute=0, second=0, microsecond=0)
    fields = {
        "Contact": settings.security_contact,
        "Expires": expires.isoformat().replace("+00:00", "Z"),
        "Preferred-Languages": "en",
        "Canonical": _at_root(settings, SECURITY_TXT),
    }
    return PlainTextResponse("".join(f"{name}: {value}\n" for name, value in fields.items()))


def _at_root(settings: Settings, path: str) -> str:
    """Pages are at the root of the host, whatever path the public address has."""
    parts = urlsplit(settings.public_base_url)
    return f"{parts.scheme}://{parts.netloc}{path}"


@router.get("/.well-known/change-password")
async def change_password() -> RedirectResponse:
    """Password managers lead people here."""
    return RedirectResponse(ACCOUNT_PAGE, status_code=302)
