"""Telnyx as it is described to administrators."""

import re

from api.providers.port import (
    SENT_WITH_EVERY_TEXT,
    UUID_PATTERN,
    WHILE_ROTATED,
    CredentialField,
    MediaLimits,
    ProviderDescription,
    SendLimits,
)

_PUBLIC_KEY = re.compile("[A-Za-z0-9+/]{43}=")
"""32 bytes of Ed25519 in base64."""
_PUBLIC_KEY_HELP = "A public key is 44 characters of base64 (32 bytes), ending in =."

TELNYX = ProviderDescription(
    label="Telnyx",
    credential_fields=(
        CredentialField("api_key", "API key", "In Mission Control, under API Keys."),
        CredentialField(
            "public_key",
            "Public key",
            "In Mission Control, under Keys & Credentials: 44 characters, ending in =.",
            secret=False,
            pattern=_PUBLIC_KEY,
            pattern_help=_PUBLIC_KEY_HELP,
        ),
        CredentialField(
            "public_key_secondary",
            "Second public key",
            WHILE_ROTATED,
            secret=False,
            required=False,
            pattern=_PUBLIC_KEY,
            pattern_help=_PUBLIC_KEY_HELP,
        ),
        CredentialField(
            "messaging_profile_id",
            "Messaging profile ID",
            "Without it, the profile that the number is in counts.",
            secret=False,
            required=False,
            pattern=UUID_PATTERN,
            pattern_help="A messaging profile's ID looks like 40017c1f-0000-4000-8000-000000000001.",
        ),
    ),
    answers_keywords=True,
    # Telnyx's guide to long messages, and `media_urls` in its API reference.
    # Telnyx names the sizes of the carriers (MMS size limits): the smallest are those of AT&T.
    limits=SendLimits(segments=10, media=10, media_bytes=MediaLimits(1_000_000, 600_000, 600_000)),
    setup_steps=(
        "In Mission Control, open Messaging and the messaging profile of this number. Each line needs a profile of "
        "its own.",
        "Under Inbound, paste the address for texts as the webhook URL, and choose API version 2.",
        "Save there, then check here.",
    ),
    status_address_help=SENT_WITH_EVERY_TEXT,
)
