"""The sentences under the attributes of a class, for the OpenAPI document.

Pydantic can read them (`use_attribute_docstrings`), as a setting of each class, and at import: 0.15 s of every start.
Here a module is read once, when somebody asks for the document.
"""

import ast
import inspect
from functools import lru_cache
from types import ModuleType


def attribute_docstrings(described: type) -> dict[str, str]:
    """Attribute → the docstring under it, in the class or the nearest base of this service that has one."""
    found: dict[str, str] = {}
    for each in reversed(described.__mro__):
        module = inspect.getmodule(each)
        if module is not None and module.__name__.startswith("api."):
            found |= _docstrings_of_module(module).get(each.__name__, {})
    return found


@lru_cache(maxsize=256)
def _docstrings_of_module(module: ModuleType) -> dict[str, dict[str, str]]:
    """The docstrings of each class, by its name."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except OSError:
        return {}  # There is no source: the module was made at run time.
    return {node.name: _docstrings_of_class(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _docstrings_of_class(node: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for attribute, following in zip(node.body, node.body[1:], strict=False):
        match attribute, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = inspect.cleandoc(text)
    return found
