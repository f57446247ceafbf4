"""Every provider's dialect, for the tests that each of them passes."""

import pytest

from tests.providers.dialects.bandwidth import Bandwidth
from tests.providers.dialects.dialect import Dialect
from tests.providers.dialects.telnyx import Telnyx
from tests.providers.dialects.twilio import Twilio

DIALECTS: list[Dialect] = [Twilio(), Telnyx(), Bandwidth()]

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name.value)
