"""Whether what many did at once could have been done one after the other: a search for the order.

Each actor's operations follow one another; between actors an operation comes before another only if it had ended when
the other began. An order fits when a model, taken through it, gives every operation the answer that it really got.
"""

import copy
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

State = TypeVar("State")


@dataclass(frozen=True)
class Operation(Generic[State]):
    what: str
    began: float
    ended: float
    happens: Callable[[State], object]
    """Takes the model through it; returns the model's answer."""
    answer: object


@dataclass
class NoOrderError(AssertionError):
    """No serial order explains it."""

    done: list[str]
    """The longest order that could be explained."""
    stuck: list[str]
    """What could have come next, and had another answer."""

    def __str__(self) -> str:
        return "\n".join(["no serial order explains it; after", *self.done, "none of these fits:", *self.stuck])


def find_serial_order(
    histories: Sequence[Sequence[Operation[State]]],
    state: State,
    *,
    key: Callable[[State], Hashable],
    fits: Callable[[State], bool],
    ends: Callable[[State], bool],
) -> State:
    """The state after an order that explains every answer. Raises `NoOrderError`.

    `key` is all of a state that matters, so that no state is searched twice; `fits` is whether it can still end where
    the real thing ended, and `ends` whether it has.
    """
    total = sum(map(len, histories))
    seen: set[tuple[tuple[int, ...], Hashable]] = set()
    furthest = NoOrderError([], [])
    open_states: list[tuple[tuple[int, ...], State, list[str]]] = [((0,) * len(histories), state, [])]
    while open_states:
        at, current, done = open_states.pop()
        if len(done) == total:
            if ends(current):
                return current
            furthest = NoOrderError(done, ["  the end is another one"])
            continue
        following = [(actor, history[at[actor]]) for actor, history in enumerate(histories) if at[actor] < len(history)]
        first_end = min(operation.ended for _, operation in following)
        stuck: list[str] = []
        for actor, operation in following:
            if operation.began > first_end:
                continue
            after = copy.deepcopy(current)
            expected = operation.happens(after)
            if expected != operation.answer or not fits(after):
                stuck.append(f"  {operation.what}: {operation.answer}, the model says {expected}")
                continue
            position = (*at[:actor], at[actor] + 1, *at[actor + 1 :])
            if (position, key(after)) not in seen:
                seen.add((position, key(after)))
                open_states.append((position, after, [*done, f"  {operation.what}: {operation.answer}"]))
        if len(done) >= len(furthest.done):
            furthest = NoOrderError(done, stuck or furthest.stuck)
    raise furthest
