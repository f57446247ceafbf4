"""A dialect: a wire protocol with its REST routes. Each sub-package of `simulator` is one."""

import pkgutil
from abc import abstractmethod
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from starlette.routing import BaseRoute

from simulator.carrier import Carrier
from simulator.wire import Wire


class Dialect(Wire):
    @abstractmethod
    def routes(self, carrier: Carrier) -> list[BaseRoute]:
        """The provider's REST interface."""


def dialects() -> Sequence[Dialect]:
    """The `DIALECT` of every sub-package, by name."""
    found: list[Dialect] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)], "simulator."):
        if module.ispkg:
            dialect = import_module(module.name).DIALECT
            assert isinstance(dialect, Dialect), module.name
            found.append(dialect)
    return found
