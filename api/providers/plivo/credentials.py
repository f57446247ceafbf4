"""Plivo as it is described to administrators."""

import re

from api.providers.port import (
    SENT_WITH_EVERY_TEXT,
    WHILE_ROTATED,
    CredentialField,
    MediaLimits,
    ProviderDescription,
    SendLimits,
)

_AUTH_ID = re.compile("[MS]A[0-9A-Z]{18}")

PLIVO = ProviderDescription(
    label="Plivo",
    credential_fields=(
        CredentialField(
            "auth_id",
            "Auth ID",
            "On the first page of the Plivo console: MA or SA and 18 characters.",
            secret=False,
            pattern=_AUTH_ID,
            pattern_help="An auth ID is MA (or SA for a subaccount) and 18 capitals or digits.",
        ),
        CredentialField("auth_token", "Auth token", "Beside the auth ID."),
        CredentialField("auth_token_secondary", "Second auth token", WHILE_ROTATED, required=False),
    ),
    # Plivo blocks a number after STOP, and leaves the confirmation to the business (docs/providers.md).
    answers_keywords=False,
    # 1,600 characters of GSM-7 or 737 of UCS-2, which is 11 parts of either. Ten files.
    # Plivo takes 2 MB of a file and 5 MB together. The carriers deliver less (Plivo: file types of MMS).
    limits=SendLimits(characters=1600, segments=11, media=10, media_bytes=MediaLimits(675_000, 750_000, 600_000)),
    setup_steps=(
        "In the Plivo console, open Messaging, Applications, XML, and make an application for this line.",
        "Paste the address for texts as its message URL, and choose the method POST.",
        "Under Phone Numbers, give {phone_number} this application.",
        "Save there, then check here.",
    ),
    status_address_help=SENT_WITH_EVERY_TEXT,
)
