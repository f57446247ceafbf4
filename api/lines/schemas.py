"""What crosses the wire in the lines room."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from api.kit.countries import COUNTRY_NAMES
from api.kit.text import Body, SingleLine
from api.lines.models import Line
from api.lines.rules import (
    DEFAULT_TEXTS_PER_DAY,
    DEFAULT_TEXTS_PER_PERSON_PER_DAY,
    NZ_NOTICE,
    LineKind,
    LineState,
    verdict,
)
from api.providers.port import (
    CredentialsState,
    ProviderName,
    ProviderUnreachable,
    WebhookAddresses,
    WebhookCheck,
    WebhookFinding,
    WebhookState,
)

Label = Annotated[SingleLine, StringConstraints(min_length=1, max_length=100)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
CredentialName = Annotated[SingleLine, StringConstraints(min_length=1, max_length=60)]
Secret = Annotated[SingleLine, StringConstraints(min_length=1, max_length=1000)]


_FIELDS = (
    "Of `twilio` and `simulator`: account_sid, auth_token, messaging_service_sid (optional). "
    "Of `telnyx`: api_key, public_key, messaging_profile_id (optional). Of `bandwidth`: account_id, "
    "application_id, callback_username, callback_password, and either client_id and client_secret (an API "
    "credential) or username and password (an API user, which Bandwidth ends on 2 December 2026). "
    "While what a provider signs with is rotated, webhooks are accepted with a second one, too: auth_token_secondary, "
    "public_key_secondary, callback_password_secondary (with callback_username_secondary where that changes)."
)

Credentials = Annotated[dict[CredentialName, Secret], Field(max_length=12, description=_FIELDS)]
"""Fields by the provider's adapter."""

CredentialsPatch = Annotated[
    dict[CredentialName, Secret | None],
    Field(
        max_length=12,
        description=f"A complete set replaces what is stored. Fewer fields change only those, and null removes one. "
        f"A change holds at once, for sending and for webhooks. {_FIELDS}",
    ),
]


def _known_countries(given: list[str]) -> list[str]:
    unknown = sorted(set(given) - COUNTRY_NAMES.keys())
    if unknown:
        raise ValueError(f"use codes of countries, such as US; {', '.join(unknown)} is none")
    return sorted(set(given))


Countries = Annotated[list[Country], Field(min_length=1, max_length=250), AfterValidator(_known_countries)]
TextsPerDay = Annotated[int, Field(ge=1, le=1_000_000)]


class LineSettings(BaseModel):
    """`messages_per_second`: the line's rate limit, null for none. `answers_keywords`: we answer STOP, START and
    HELP, not the provider; left out, that is so exactly where the provider does not answer them itself.

    `countries`: those that the line may text (ISO 3166 alpha-2), null for its own. `texts_per_day` and
    `texts_per_person_per_day`: how many texts are accepted in a day of the business, of everybody and of each person
    or API key; null for 10,000 and 1,000. These three stay as they are where they are left out."""

    model_config = {"extra": "forbid"}

    messages_per_second: Annotated[float, Field(gt=0, le=1000)] | None = None
    # What it is when left out depends on the provider, so the document names no default.
    answers_keywords: Annotated[bool, Field(json_schema_extra=lambda schema: schema.pop("default"))] = False
    business_name: Label | None = None
    help_text: Annotated[Body, StringConstraints(max_length=320)] | None = None
    countries: (
        Annotated[list[Country], Field(min_length=1, max_length=250), AfterValidator(_known_countries)] | None
    ) = None
    texts_per_day: TextsPerDay | None = None
    texts_per_person_per_day: TextsPerDay | None = None


LIMITS = {"countries", "texts_per_day", "texts_per_person_per_day"}
"""Settings that are columns of their own. What a change leaves out stays, so that nobody lifts one unawares."""


class LineSettingsOut(BaseModel):
    messages_per_second: float | None
    answers_keywords: bool
    business_name: str | None
    help_text: str | None
    countries: list[str]
    texts_per_day: int
    texts_per_person_per_day: int

    @classmethod
    def of(cls, line: Line) -> "LineSettingsOut":
        return cls(
            **LineSettings(**line.settings).model_dump(exclude=LIMITS),
            countries=line.countries if line.countries is not None else [line.country],
            texts_per_day=line.texts_per_day or DEFAULT_TEXTS_PER_DAY,
            texts_per_person_per_day=line.texts_per_person_per_day or DEFAULT_TEXTS_PER_PERSON_PER_DAY,
        )


class LineIn(BaseModel):
    label: Label
    phone_number: Annotated[SingleLine, StringConstraints(min_length=3, max_length=32)]
    kind: LineKind
    country: Country
    provider: ProviderName
    credentials: Credentials
    settings: LineSettings | None = None


class LinePatch(BaseModel):
    """What is not given stays."""

    label: Label | None = None
    credentials: CredentialsPatch | None = None
    settings: LineSettings | None = None
    enabled: bool | None = None


class WebhookUrls(BaseModel):
    inbound: str
    status: str

    @classmethod
    def of(cls, line: Line, *, public_base_url: str) -> "WebhookUrls":
        base = f"{public_base_url}/webhooks/{line.provider}/{line.id}"
        return cls(inbound=f"{base}/inbound", status=f"{base}/status")

    @property
    def expected(self) -> WebhookAddresses:
        return WebhookAddresses(inbound=self.inbound, status=self.status)


class WebhookFindingOut(BaseModel):
    model_config = {"title": "WebhookFinding"}

    state: WebhookState
    detail: str
    address: str | None
    """What is set at the provider instead of the line's own address."""


class LineHealth(BaseModel):
    """What the provider said when it was last asked. `detail` is the worst of it in words."""

    state: LineState
    detail: str
    at: datetime
    credentials_state: CredentialsState
    inbound: WebhookFindingOut
    status: WebhookFindingOut

    @classmethod
    def of(cls, check: WebhookCheck | ProviderUnreachable, *, at: datetime) -> "LineHealth":
        state, detail = verdict(check)
        if isinstance(check, ProviderUnreachable):
            unknown = WebhookFinding(WebhookState.CANNOT_TELL, "The provider could not be asked.")
            check = WebhookCheck(CredentialsState.CANNOT_TELL, unknown, unknown)
        return cls(
            state=state,
            detail=detail,
            at=at,
            credentials_state=check.credentials,
            inbound=WebhookFindingOut(**vars(check.inbound)),
            status=WebhookFindingOut(**vars(check.status)),
        )


class LineOut(BaseModel):
    model_config = {"title": "Line"}

    id: UUID
    label: str
    phone_number: str
    kind: LineKind
    country: str
    provider: ProviderName
    enabled: bool
    settings: LineSettingsOut
    webhook_urls: WebhookUrls
    health: LineHealth | None
    silent_since: datetime | None
    """When the last text came to a line that has been silent for longer than usual; null while it is as usual."""
    notice: str | None
    """What staff must know before they text from it (NZ-NOTICE)."""
    created_at: datetime

    @classmethod
    def of(cls, line: Line, *, public_base_url: str) -> "LineOut":
        return cls(
            id=line.id,
            label=line.label,
            phone_number=line.phone_number,
            kind=LineKind(line.kind),
            country=line.country,
            provider=ProviderName(line.provider),
            enabled=line.enabled,
            settings=LineSettingsOut.of(line),
            webhook_urls=WebhookUrls.of(line, public_base_url=public_base_url),
            health=LineHealth(**line.health) if line.health else None,
            silent_since=line.silent_since,
            notice=NZ_NOTICE if line.kind == LineKind.SHORT_CODE and line.country == "NZ" else None,
            created_at=line.created_at,
        )
