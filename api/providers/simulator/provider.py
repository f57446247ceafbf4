"""The carrier simulator's adapter: it speaks Twilio's protocol on loopback."""

from typing import ClassVar, Self

import httpx

from api.providers.port import (
    SENT_WITH_EVERY_TEXT,
    CredentialField,
    ProviderDescription,
)
from api.providers.twilio.credentials import TWILIO
from api.providers.twilio.provider import TwilioProvider
from api.settings import Settings


class SimulatorProvider(TwilioProvider):
    description: ClassVar[ProviderDescription] = ProviderDescription(
        label="Simulator",
        # No patterns: whoever sets an account up chooses its name.
        credential_fields=(
            CredentialField(
                "account_sid", "Account", "Any name that the simulator has an account under.", secret=False
            ),
            CredentialField("auth_token", "Token"),
            CredentialField("auth_token_secondary", "Second token", required=False),
            CredentialField("messaging_service_sid", "Messaging Service", secret=False, required=False),
        ),
        answers_keywords=True,
        limits=TWILIO.limits,
        setup_steps=(
            "A simulator that starts with Messenger takes the line over by itself at its next start.",
            "To set it up now, PUT /control/lines/{phone_number} at the simulator, with account_sid, and the address "
            "for texts as inbound_url.",
            "Then check here.",
        ),
        status_address_help=SENT_WITH_EVERY_TEXT,
    )

    @classmethod
    def from_settings(cls, client: httpx.AsyncClient, settings: Settings) -> Self:
        return cls(client, api_url=settings.simulator_url)
