"""A provider at the other end of the wire, whose every word is the test's."""

from tests.providers.conftest import peer, settings, start

__all__ = ["peer", "settings", "start"]
