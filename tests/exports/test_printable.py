"""EXPORT as a page to print: one file that runs nothing and loads nothing, whatever was texted."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.exports.test_exports import PARENT, file_of, start, thread_with
from tests.support.exports import write_exports
from tests.support.world import World

API = "/api/v1"
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;\"'"


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def articles(self, kind: str) -> int:
        return sum(tag == "article" and attributes.get("class") == kind for tag, attributes in self.elements)


async def page_of(world: World, client: httpx.AsyncClient, **body: Any) -> tuple[Page, httpx.Response]:
    job = await start(client, format="html", **body)
    await write_exports(world)
    response = await file_of(client, job)
    page = Page(response.text)
    assert page.open == []
    return page, response


async def test_EXPORT_a_printable_page_runs_and_loads_nothing(world: World) -> None:
    thread = await thread_with(world, PARENT, name=EVIL)
    await world.text(PARENT, EVIL)
    await world.maria.post(f"{API}/conversations/{thread['id']}/notes", json={"body": EVIL})
    page, response = await page_of(world, world.maria, kind="conversation", conversation_id=thread["id"])

    allowed = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "dl", "dt", "dd"}
    allowed |= {"article", "header", "time", "b", "span", "p", "ul", "li", "footer"}
    assert {tag for tag, _ in page.elements} <= allowed
    names = {name for _, attributes in page.elements for name in attributes}
    assert names <= {"lang", "charset", "http-equiv", "content", "name", "class", "datetime"}
    assert page.text.count(EVIL) >= 3
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert response.headers["Content-Disposition"].startswith("attachment")


async def test_EXPORT_a_printable_page_has_each_text_below_its_day_in_the_organizations_zone(world: World) -> None:
    thread = await thread_with(world, PARENT, texts=8)
    page, response = await page_of(world, world.daniel, kind="conversation", conversation_id=thread["id"])
    assert (page.articles("inbound"), page.articles("outbound"), page.articles("note")) == (8, 1, 1)
    days = response.text.count("<h3>")
    assert days == 1 or datetime.now(UTC).hour == 0
    assert re.search(r"TimesAmerica/Chicago \(UTC-0[56]:00\)", page.text)
    assert "Rivera family" in page.text
    # What a message on the page says is not said again by its audit entry.
    assert "Message sent" not in page.text
    assert "Conversation opened" in page.text
    assert re.search(r"Opt-in changed.*from: unknown; to: opted in; ", page.text)


async def test_EXPORT_a_printable_page_of_a_number_has_its_consent(world: World) -> None:
    await thread_with(world, PARENT)
    await world.text(PARENT, "STOP")
    page, _ = await page_of(world, world.admin, kind="phone_number", phone_number=PARENT)
    assert "May be textedno (stopped)" in page.text
    assert "RecordRivera family, Maya Rivera" in page.text
    assert "Phone number stopped" in page.text
    assert page.articles("note") == 0


async def test_EXPORT_a_printable_page_of_a_range_names_each_conversation(world: World) -> None:
    await thread_with(world, PARENT)
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    page, _ = await page_of(world, world.admin, kind="range", **{"from": since})
    assert f"Rivera family, {PARENT}, on Front desk" in page.text
