"""What an administrator sees of the sandbox."""

from api.providers.port.description import ProviderDescription
from api.providers.port.sending import SendLimits
from api.providers.sandbox.numbers import OWN_NUMBERS, SANDBOX_NUMBERS

SANDBOX = ProviderDescription(
    label="Sandbox",
    credential_fields=(),
    answers_keywords=False,
    limits=SendLimits(characters=1600),
    setup_steps=(
        "Nothing to set up: the line works at once. It texts nobody and costs nothing.",
        "Put one of the test numbers below on a family, opt it in, and text it.",
    ),
    status_address_help="Nothing to do: the sandbox posts to no address.",
    own_numbers=OWN_NUMBERS,
    test_numbers=SANDBOX_NUMBERS,
)
