"""Bandwidth's array of events, split so that each event keeps its own bytes."""

import re

from api.providers import fields

MAX_EVENTS = 1000
"""Of one webhook: more than fit into one as large as is taken. What has more is kept whole as one unreadable event."""


_SPACE = re.compile(r"[ \t\r\n]*")


def elements(body: bytes) -> list[tuple[object, bytes]]:
    """Each element of a JSON array: its value and its bytes.

    Raises `ValueError` for anything but an array of JSON, and for one of more elements than `MAX_EVENTS`.
    """
    whole = fields.checked(body)
    elements: list[tuple[object, bytes]] = []
    at = _after(whole, 0, "[")
    if whole[at : at + 1] == "]":
        end = at + 1
    else:
        while True:
            if len(elements) == MAX_EVENTS:
                raise ValueError("it has too many elements")
            element, end = fields.element(whole, at)
            elements.append((element, whole[at:end].encode()))
            end = _past_space(whole, end)
            if whole[end : end + 1] == "]":
                end += 1
                break
            at = _after(whole, end, ",")
    if _past_space(whole, end) != len(whole):
        raise ValueError("something follows the array")
    return elements


def _past_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _after(text: str, at: int, mark: str) -> int:
    """The place after a mark and the space around it. Raises `ValueError` where it is not there."""
    at = _past_space(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(f"it has no {mark} where there should be one")
    return _past_space(text, at + 1)
