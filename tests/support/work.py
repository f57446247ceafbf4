"""How much work a function does, counted: unlike time, it is the same on every machine."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def calls_of(work: Callable[[str], object], text: str) -> int:
    """Function calls that `work(text)` takes."""
    count = 0

    def called(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(called)
    try:
        work(text)
    finally:
        sys.setprofile(None)
    return count
