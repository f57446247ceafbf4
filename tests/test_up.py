"""`messenger up` stops on a signal, whatever it does at that moment."""

import asyncio
import io
import logging
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from api.up import Interrupted, StopSignals

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers_stay() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def another_thread() -> Iterator[None]:
    """A thread that a signal can be given to, as the one that watches the embedded PostgreSQL."""
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    yield
    ended.set()
    thread.join()


@pytest.fixture
def signals() -> StopSignals:
    signals = StopSignals()
    signals.listen()
    return signals


def raise_signal(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.usefixtures("another_thread")
@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_during_an_event_loop_interrupts_after_it(signals: StopSignals, number: signal.Signals) -> None:
    steps = []

    async def work() -> None:
        try:
            raise_signal(number)
            await asyncio.sleep(0.01)
        except Exception as error:  # As asyncio does when a socket's send fails.
            steps.append(repr(error))
        steps.append("done")

    asyncio.run(work())
    assert steps == ["done"]
    with pytest.raises(Interrupted):
        signals.check()


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_while_a_line_is_logged_is_not_lost(signals: StopSignals, number: signal.Signals) -> None:
    class Interrupting(logging.StreamHandler[io.StringIO]):
        def format(self, record: logging.LogRecord) -> str:
            raise_signal(number)
            return super().format(record)

    said = io.StringIO()
    handler = Interrupting(said)
    handler.handle(logging.makeLogRecord({"msg": "process.died"}))
    assert said.getvalue() == "process.died\n"
    with pytest.raises(Interrupted):
        signals.pause(30)


@pytest.mark.usefixtures("another_thread")
@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_ends_a_pause(signals: StopSignals, number: signal.Signals) -> None:
    timer = threading.Timer(0.05, raise_signal, (number,))
    timer.start()
    with pytest.raises(Interrupted):
        signals.pause(30)
    timer.join()


def test_without_a_signal_nothing_is_interrupted(signals: StopSignals) -> None:
    signals.check()
    signals.pause(0.01)
