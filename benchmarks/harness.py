"""Benchmarks by name. Each gives ratios to floors that it measured beside them in the same run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One figure beside its floor, both in `unit`. `reach` is the ratio that is wanted, at least."""

    name: str
    value: float
    unit: str
    floor: float
    ratio: float
    reach: float
    detail: Mapping[str, object]
    """The data size, and what else is needed to judge the figure."""

    @property
    def reached(self) -> bool:
        return self.ratio >= self.reach


Benchmark = Callable[[], Sequence[Result]]

BENCHMARKS: dict[str, Benchmark] = {}


def benchmark(name: str) -> Callable[[Benchmark], Benchmark]:
    """Registers a function, which is called outside of an event loop, under the id of docs/performance.md."""

    def register(function: Benchmark) -> Benchmark:
        BENCHMARKS[name] = function
        return function

    return register
