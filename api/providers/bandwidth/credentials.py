"""Bandwidth as it is described to administrators."""

import re

from api.providers.port import (
    NO_COLON,
    UUID_PATTERN,
    WHILE_ROTATED,
    Alternative,
    CredentialField,
    MediaLimits,
    ProviderDescription,
    SendLimits,
)

_ACCOUNT_ID = re.compile("[0-9]+")

_USER_NAME = "A user name has no colon in it."

BANDWIDTH = ProviderDescription(
    label="Bandwidth",
    alternatives=(
        Alternative(
            "credential",
            "API credential",
            "In the Bandwidth App, under Account, API Credentials. It needs this account, and a role for messaging.",
        ),
        Alternative("user", "API user", "The old way, for lines that have one: Bandwidth ends it on 2 December 2026."),
    ),
    credential_fields=(
        CredentialField(
            "account_id",
            "Account ID",
            secret=False,
            pattern=_ACCOUNT_ID,
            pattern_help="An account ID is a number.",
        ),
        CredentialField(
            "application_id",
            "Application ID",
            "Of the messaging application that the number belongs to.",
            secret=False,
            pattern=UUID_PATTERN,
            pattern_help="An application ID looks like 93de2206-9669-4e07-948d-329f4b722ee2.",
        ),
        CredentialField(
            "client_id",
            "Client ID",
            secret=False,
            required=False,
            pattern=NO_COLON,
            pattern_help="A client ID has no colon in it.",
            alternative="credential",
        ),
        CredentialField(
            "client_secret",
            "Client secret",
            "Bandwidth shows it once, when the API credential is made.",
            required=False,
            alternative="credential",
        ),
        CredentialField(
            "username",
            "API user name",
            secret=False,
            required=False,
            pattern=NO_COLON,
            pattern_help=_USER_NAME,
            alternative="user",
        ),
        CredentialField("password", "API password", required=False, alternative="user"),
        CredentialField(
            "callback_username",
            "Callback user name",
            "Yours to choose. Bandwidth shows it with every text it brings.",
            secret=False,
            pattern=NO_COLON,
            pattern_help=_USER_NAME,
        ),
        CredentialField("callback_password", "Callback password", "Yours to choose, long and used nowhere else."),
        CredentialField(
            "callback_username_secondary",
            "Second callback user name",
            "Only if it changes together with the password.",
            secret=False,
            required=False,
            pattern=NO_COLON,
            pattern_help=_USER_NAME,
            needs="callback_password_secondary",
        ),
        CredentialField("callback_password_secondary", "Second callback password", WHILE_ROTATED, required=False),
    ),
    answers_keywords=False,
    # `text` in Bandwidth's API reference. Bandwidth names no number of files; ten is the product's own limit.
    # Bandwidth takes 3.5 MB of a file. AT&T and T-Mobile deliver 1 MB, and toll-free numbers send 525 kB.
    limits=SendLimits(characters=2048, media=10, media_bytes=MediaLimits(1_000_000, 525_000, 600_000)),
    setup_steps=(
        "In the Bandwidth App, open Applications and this line's messaging application. Each line needs an "
        "application of its own.",
        "Paste the address for texts as the inbound callback URL, and the one for delivery reports as the status "
        "callback URL.",
        "For both, enter the callback user name and password that you gave this line.",
        "Save there, then check here. Bandwidth lets us check only that the credentials are right.",
    ),
    status_address_help="Goes into the status callback URL.",
)
