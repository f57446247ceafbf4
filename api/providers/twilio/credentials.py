"""Twilio as it is described to administrators."""

import re

from api.providers.port import (
    SENT_WITH_EVERY_TEXT,
    WHILE_ROTATED,
    CredentialField,
    MediaLimits,
    ProviderDescription,
    SendLimits,
)

_ACCOUNT_SID = re.compile("AC[0-9a-fA-F]{32}")

_MESSAGING_SERVICE_SID = re.compile("MG[0-9a-fA-F]{32}")

TWILIO = ProviderDescription(
    label="Twilio",
    credential_fields=(
        CredentialField(
            "account_sid",
            "Account SID",
            "On the first page of the Twilio Console: AC and 32 characters.",
            secret=False,
            pattern=_ACCOUNT_SID,
            pattern_help="An account SID is AC and 32 digits or letters from a to f.",
        ),
        CredentialField("auth_token", "Auth token", "Beside the account SID."),
        CredentialField("auth_token_secondary", "Secondary auth token", WHILE_ROTATED, required=False),
        CredentialField(
            "messaging_service_sid",
            "Messaging Service SID",
            "Only if the number is in a Messaging Service: MG and 32 characters.",
            secret=False,
            required=False,
            pattern=_MESSAGING_SERVICE_SID,
            pattern_help="A Messaging Service SID is MG and 32 digits or letters from a to f.",
        ),
    ),
    answers_keywords=True,
    # `Body` and `MediaUrl` in Twilio's API reference.
    # Twilio makes pictures smaller for the carrier; of other files it takes 5 MB, and advises 600 kB.
    limits=SendLimits(characters=1600, media=10, media_bytes=MediaLimits(5_000_000, 5_000_000, 5_000_000)),
    setup_steps=(
        "In the Twilio Console, open Active numbers (or Short codes) and this number. If it is in a Messaging "
        "Service, open that service's Integration page instead.",
        "For “A message comes in” choose Webhook and HTTP POST, and paste the address for texts.",
        "Save there, then check here.",
    ),
    status_address_help=SENT_WITH_EVERY_TEXT,
)
