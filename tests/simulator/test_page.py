"""The page of handsets: what is served, what it is told, and what the books are to it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.conftest import LINE, PARENT, Simulator


def test_the_page_needs_nothing_but_this_server(simulator: Simulator) -> None:
    page = simulator.http.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "//" not in re.sub(r"<!doctype html>", "", page.text)
    linked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert linked
    for path in linked:
        assert simulator.http.get(path).status_code == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=", page.text)


def test_every_module_that_the_page_imports_is_served(simulator: Simulator) -> None:
    modules, seen = ["app.js"], set[str]()
    while modules:
        name = modules.pop()
        if name in seen:
            continue
        seen.add(name)
        script = simulator.http.get(f"/static/{name}")
        assert script.status_code == 200
        assert "javascript" in script.headers["content-type"]
        modules += re.findall(r'from "\./([\w.]+)"', script.text)
    assert seen == {"app.js", "dom.js", "phone.js", "pictures.js", "store.js"}


def test_no_script_of_the_page_reads_text_as_markup(simulator: Simulator) -> None:
    for name in ("app.js", "dom.js", "phone.js", "pictures.js", "store.js"):
        script = simulator.http.get(f"/static/{name}").text
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


def test_stop_is_among_the_quick_answers(simulator: Simulator) -> None:
    script = simulator.http.get("/static/phone.js").text
    quick = re.search(r"const QUICK = (\[.*?\]);", script)
    assert quick is not None
    assert json.loads(quick[1]) == ["Yes please", "Thanks!", "Running late", "STOP", "START", "HELP"]


def events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        if line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_an_open_page_hears_of_texts_as_they_appear_on_the_handset(simulator: Simulator) -> None:
    with simulator.http.stream("GET", "/control/events") as stream:
        heard = events(stream.iter_lines())
        assert next(heard) == ("hello", {})
        simulator.control("PUT", f"/handsets/{PARENT}", name="Maya Smith")
        name, handset = next(heard)
        assert (name, handset["name"]) == ("handset", "Maya Smith")
        simulator.send(Body="<b>See</b> you")
        name, text = next(heard)
        assert (name, text["direction"], text["body"]) == ("text", "to_handset", "<b>See</b> you")
        simulator.text("Thanks!")
        name, text = next(heard)
        assert (text["direction"], text["line"], text["handset"]) == ("from_handset", LINE, PARENT)
        assert text in simulator.control("GET", f"/handsets/{PARENT}/texts")["items"]
        simulator.control("DELETE", "/state?keep_setup=true")
        assert next(heard) == ("resync", {})


def test_the_list_of_handsets_carries_names_states_and_last_texts(simulator: Simulator) -> None:
    simulator.control("PUT", f"/handsets/{PARENT}", name="Maya Smith")
    simulator.control("PUT", f"/handsets/{PARENT}", state="off")
    simulator.send(To="+13125550199", Body="to somebody new")
    simulator.settle()
    handsets = {h["phone_number"]: h for h in simulator.control("GET", "/handsets")["items"]}
    assert handsets[PARENT] == {
        "phone_number": PARENT,
        "name": "Maya Smith",
        "state": "off",
        "last_text": None,
    }
    assert handsets["+13125550199"]["last_text"]["body"] == "to somebody new"


def test_texts_of_the_past_can_be_put_on_a_handset_without_telling_anybody(simulator: Simulator) -> None:
    past = [
        {"direction": "from_handset", "body": "Is Leo's class on?", "at": "2026-09-01T16:00:00Z"},
        {"direction": "to_handset", "body": "It is!", "at": "2026-09-01T16:05:00Z", "message_sid": "SM7"},
    ]
    texts = [{"handset": PARENT, "line": LINE, **text} for text in past]
    simulator.control("POST", "/history", texts=texts)
    simulator.text("Thanks!")
    simulator.settle()
    assert simulator.texts() == ["Is Leo's class on?", "It is!", "Thanks!"]
    assert simulator.control("GET", "/webhooks")["posted"] == 1
    assert simulator.get("/Messages/SM7.json").json()["status"] == "delivered"
    again = simulator.http.post("/control/history", json={"texts": texts})
    assert again.status_code == 409


@pytest.mark.parametrize("path", ["/nothing", "/control/nothing", "/static/../app.py", "/media/ME1"])
def test_what_is_not_there_is_404(simulator: Simulator, path: str) -> None:
    assert simulator.http.get(path).status_code == 404
