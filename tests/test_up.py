"""`messenger up` stops on a signal, whatever it does at that moment."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from api.up import Interrupted, signals_wait

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


@pytest.mark.usefixtures("another_thread")
@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_during_an_event_loop_interrupts_after_it(number: signal.Signals) -> None:
    steps = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.01)
        except Exception as error:  # As asyncio does when a socket's send fails.
            steps.append(repr(error))
        steps.append("done")

    with pytest.raises(Interrupted), signals_wait():
        asyncio.run(work())
    assert steps == ["done"]


def test_without_a_signal_nothing_is_interrupted() -> None:
    with signals_wait():
        asyncio.run(asyncio.sleep(0))
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)
