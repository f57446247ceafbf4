"""Stopping and starting again: what is kept, what is finished, what is said."""

import base64
import dataclasses
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from simulator.__main__ import main
from simulator.app import create_server
from simulator.settings import Settings
from tests.simulator.conftest import (
    ACCOUNT,
    FAST,
    LINE,
    PARENT,
    TOKEN,
    Answer,
    Business,
    Simulator,
    client,
    running,
    unused_port,
    wait_for,
)


@contextmanager
def simulated(settings: Settings) -> Iterator[Simulator]:
    with running(create_server(settings)) as url, client(url) as http:
        yield Simulator(url, http)


def set_up(simulator: Simulator, business: Business) -> None:
    simulator.control("PUT", f"/accounts/{ACCOUNT}", auth_token=TOKEN)
    simulator.control("PUT", f"/lines/{LINE}", account_sid=ACCOUNT, inbound_url=f"{business.url}/inbound", label="Tots")
    simulator.control("PUT", f"/handsets/{PARENT}", name="Maya Smith")


def test_everything_is_there_again_after_a_restart(tmp_path: Path, business: Business) -> None:
    settings = dataclasses.replace(FAST, state_file=tmp_path / "carrier" / "state.sqlite")
    with simulated(settings) as simulator:
        set_up(simulator, business)
        simulator.text("hello")
        simulator.text("STOP")
        simulator.settle()
        texts, lines = simulator.texts(), simulator.control("GET", "/lines")
        handsets = simulator.control("GET", "/handsets")
    with simulated(settings) as simulator:
        assert simulator.texts() == texts
        assert len(texts) == 3
        assert simulator.control("GET", "/lines") == lines
        assert simulator.control("GET", "/handsets") == handsets
        assert simulator.send().json()["code"] == 21610
        simulator.text("one more")
        numbers = [message["number"] for message in simulator.messages()["items"]]
        assert numbers == sorted(set(numbers))
    assert len(business.inbound()) == 3


def test_a_webhook_that_was_still_waiting_is_posted_after_the_restart(tmp_path: Path, business: Business) -> None:
    settings = dataclasses.replace(FAST, state_file=tmp_path / "state.sqlite", drain_seconds=0.1)
    with simulated(settings) as simulator:
        set_up(simulator, business)
        simulator.fault("inbound", "delay", seconds=60)
        simulator.text("waiting")
    assert business.inbound() == []
    with simulated(settings) as simulator:
        simulator.settle()
    assert [report.fields["Body"] for report in business.inbound()] == ["waiting"]
    with simulated(settings) as simulator:
        simulator.settle()
    assert len(business.inbound()) == 1


def test_a_text_that_was_under_way_arrives_after_the_restart(tmp_path: Path, business: Business) -> None:
    slow = dataclasses.replace(FAST, state_file=tmp_path / "state.sqlite", sending_after=60)
    with simulated(slow) as simulator:
        set_up(simulator, business)
        simulator.send(Body="under way", StatusCallback=f"{business.url}/status")
        assert simulator.texts() == []
    with simulated(dataclasses.replace(slow, sending_after=0)) as simulator:
        simulator.settle()
        assert simulator.texts() == ["under way"]
    assert business.statuses() == ["queued", "sending", "sent", "delivered"]


def test_without_a_file_a_stop_finishes_what_is_under_way(business: Business) -> None:
    with simulated(dataclasses.replace(FAST, delivered_after=60)) as simulator:
        set_up(simulator, business)
        simulator.send(StatusCallback=f"{business.url}/status")
    assert business.statuses() == ["queued", "sending", "sent", "delivered"]


def test_a_stop_does_not_wait_for_pages_hanging_requests_or_a_business_that_sleeps(
    business: Business,
) -> None:
    settings = dataclasses.replace(FAST, drain_seconds=0.2)
    hanging: list[Exception] = []

    def hang(simulator: Simulator) -> None:
        try:
            simulator.send()
        except httpx.HTTPError as error:
            hanging.append(error)

    with simulated(settings) as simulator:
        set_up(simulator, business)
        business.answers = [Answer(after=4)]
        simulator.text("hello")
        simulator.fault("send", "hang")
        waiting = threading.Thread(target=hang, args=(simulator,))
        waiting.start()
        page = client(simulator.url)
        stream = page.stream("GET", "/control/events")
        assert stream.__enter__().status_code == 200
        wait_for(business.inbound)
        start = time.monotonic()
    assert time.monotonic() - start < 3
    waiting.join(5)
    assert len(hanging) == 1
    stream.__exit__(None, None, None)
    page.close()


def test_what_a_dialect_remembers_is_there_again_after_a_restart(tmp_path: Path, business: Business) -> None:
    settings = dataclasses.replace(FAST, state_file=tmp_path / "state.sqlite")
    line, profile = "+13125550110", "0f512bda-ae1e-4597-8e11-e5f5686b97d3"
    request = {"from": line, "to": PARENT, "text": "See you"}
    headers = {"Authorization": "Bearer KEY", "Idempotency-Key": "message:17"}
    picture = base64.b64encode(b"a picture").decode()
    with simulated(settings) as simulator:
        account = simulator.control("PUT", "/accounts/telnyx", auth_token="KEY", wire="telnyx")
        simulator.control("PUT", f"/profiles/{profile}", account_sid="telnyx", inbound_url=f"{business.url}/inbound")
        simulator.control("PUT", f"/lines/{line}", account_sid="telnyx", profile_id=profile)
        first = simulator.http.post("/v2/messages", json=request, headers=headers).json()
        media = [{"content_type": "image/png", "data": picture}]
        [shown] = simulator.text("look", to=line, media=media)["media"]
    with simulated(settings) as simulator:
        again = simulator.http.post("/v2/messages", json=request, headers=headers).json()
        assert (again, simulator.control("GET", "/accounts/telnyx")) == (first, account)
        assert simulator.http.get(shown["shown"]).content == b"a picture"
        simulator.text("hello", to=line)
        simulator.settle()
        assert business.received[-1].url == f"{business.url}/inbound"
        assert sorted(simulator.texts()) == ["See you", "hello", "look"]


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path, business: Business) -> None:
    settings = dataclasses.replace(FAST, state_file=tmp_path / "state.sqlite")
    service = "MG" + "5" * 32
    with simulated(settings) as simulator:
        set_up(simulator, business)
        simulator.control("PUT", f"/lines/{LINE}", account_sid=ACCOUNT, messaging_service_sid=service)
        simulator.text("hello")
    with sqlite3.connect(tmp_path / "state.sqlite") as database:
        written = """UPDATE record SET value = replace(value, '"profile_id"', '"messaging_service_sid"')"""
        assert database.execute(written).rowcount > 0
    database.close()
    with simulated(settings) as simulator:
        [line] = simulator.control("GET", "/lines")["items"]
        [message] = simulator.messages()["items"]
        assert (line["profile_id"], message["profile_id"]) == (service, service)


def test_a_reset_is_kept_too(tmp_path: Path, business: Business) -> None:
    settings = dataclasses.replace(FAST, state_file=tmp_path / "state.sqlite")
    with simulated(settings) as simulator:
        set_up(simulator, business)
        simulator.text("STOP")
        simulator.settle()
        simulator.control("DELETE", "/state?keep_setup=true")
        assert simulator.texts() == []
    with simulated(settings) as simulator:
        assert simulator.texts() == []
        assert simulator.send().status_code == 201
        simulator.control("DELETE", "/state")
    with simulated(settings) as simulator:
        assert simulator.control("GET", "/lines")["items"] == []


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "simulator", *map(str, arguments)]


def test_the_command_survives_a_kill_and_stops_on_request(tmp_path: Path, business: Business) -> None:
    port, state = unused_port(), tmp_path / "state.sqlite"
    run = command("--port", str(port), "--state", state, "--fast", "--api-url", business.url)
    with client(f"http://127.0.0.1:{port}") as http:
        simulator = Simulator(f"http://127.0.0.1:{port}", http)
        with started(run, http) as process:
            set_up(simulator, business)
            # The public address that is signed is not where this carrier posts to.
            public = "https://gym.example/webhooks/inbound?line=1"
            simulator.control("PUT", f"/lines/{LINE}", account_sid=ACCOUNT, inbound_url=public)
            simulator.text("hello")
            simulator.settle()
            time.sleep(0.5)
            process.kill()
        [report] = business.inbound()
        assert report.url == "http://gym.example/webhooks/inbound?line=1"
        assert dataclasses.replace(report, url=public).signed
        with started(run, http) as process:
            assert simulator.texts() == ["hello"]
            process.terminate()
            process.wait(10)


@contextmanager
def started(run: list[str], http: httpx.Client) -> Iterator[subprocess.Popen[bytes]]:
    def up() -> bool:
        try:
            return http.get("/healthz").is_success
        except httpx.TransportError:
            return False

    with subprocess.Popen(run) as process:
        try:
            wait_for(up, 20)
            yield process
        finally:
            process.kill()


def test_a_file_that_is_not_ours_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.sqlite"
    database = sqlite3.connect(other)
    database.execute("PRAGMA user_version = 99")
    database.close()
    text = tmp_path / "notes.txt"
    text.write_text("not a database, and long enough to be looked at " * 20)
    for path in (other, text, tmp_path):
        assert main(["--state", str(path)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"simulator: cannot keep its state in {path}: ")
        assert said.count("\n") == 1
