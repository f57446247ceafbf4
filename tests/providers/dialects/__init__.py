"""Every provider's dialect, for the tests that each of them passes."""

import pytest

from tests.providers.dialects.bandwidth import Bandwidth, BandwidthOAuth
from tests.providers.dialects.dialect import Dialect
from tests.providers.dialects.plivo import Plivo
from tests.providers.dialects.telnyx import Telnyx
from tests.providers.dialects.twilio import Twilio

DIALECTS: list[Dialect] = [Twilio(), Telnyx(), Bandwidth(), Plivo()]


def _name(dialect: Dialect) -> str:
    return type(dialect).__name__.lower()


every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=_name)
every_access = pytest.mark.parametrize("dialect", [*DIALECTS, BandwidthOAuth()], ids=_name)
"""Where the provider is asked: each way of proving who asks."""
