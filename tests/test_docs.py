"""/docs loads nothing from another host, and its content security policy allows nothing else."""

import re

from api.spa import DIST
from tests.support.world import World


async def test_the_api_reference_comes_from_this_service_alone(world: World) -> None:
    assert (DIST / "docs.html").is_file(), "`make setup` builds the app, and this page with it."
    nobody = world.other_client()
    page = await nobody.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "://" not in page.text, "No address of another host."
    assert not re.search(r"<script(?! src=)|<style|\son\w+=", page.text), "Nothing inline."
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    files = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(files) == 3
    for file in files:
        served = await nobody.get(file)
        assert (file, served.status_code) == (file, 200)
        assert "immutable" in served.headers["cache-control"]
        assert file.endswith(".css") == served.headers["content-type"].startswith("text/css")
    for gone in ("/redoc", "/docs/oauth2-redirect"):
        assert "cdn" not in (await nobody.get(gone)).text
