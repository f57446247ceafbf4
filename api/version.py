"""The version of the product. `pyproject.toml` is the only place where it is written by hand."""

from importlib.metadata import version

VERSION = version("messenger-center")
