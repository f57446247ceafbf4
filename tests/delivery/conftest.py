"""A provider whose answers the test chooses."""

from tests.providers.conftest import peer, settings, start

__all__ = ["peer", "settings", "start"]
