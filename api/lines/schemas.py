"""Wire models of lines and providers."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints

from api.kit.countries import COUNTRY_CODE, COUNTRY_NAMES
from api.kit.published import Published
from api.kit.request_models import PatchModel, RequestModel
from api.kit.text import Body, Length, SingleLine
from api.lines.defaults import DefaultFor
from api.lines.models import Line
from api.lines.rules import (
    DEFAULT_TEXTS_PER_DAY,
    DEFAULT_TEXTS_PER_PERSON_PER_DAY,
    LIMITS,
    NEW_ZEALAND,
    NZ_NOTICE,
    LineChange,
    LineKind,
    LineSettings,
    LineState,
    NewLine,
    webhook_addresses,
)
from api.providers.port import (
    ChecksWebhooks,
    CredentialsState,
    FetchesMedia,
    ListsReceived,
    SmsProvider,
    WebhookState,
)
from api.providers.registry import ProviderName

Label = Annotated[SingleLine, Length(1, 100)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
KnownCountry = Annotated[Country, Published(COUNTRY_CODE)]
"""`_known_countries` refuses others."""
CredentialName = Annotated[SingleLine, Length(1, 60)]
Secret = Annotated[SingleLine, Length(1, 1000)]


Credentials = Annotated[
    dict[CredentialName, Secret], Field(max_length=12, description="The `credential_fields` of the line's provider.")
]

CredentialsPatch = Annotated[
    dict[CredentialName, Secret | None],
    Field(
        max_length=12,
        description="A complete set replaces what is stored. Fewer fields change only those, and null removes one. "
        "A change holds at once, for sending and for webhooks.",
    ),
]


def _known_countries(given: list[str]) -> list[str]:
    unknown = sorted(set(given) - COUNTRY_NAMES.keys())
    if unknown:
        raise ValueError(f"use codes of countries, such as US; {', '.join(unknown)} is not one")
    return sorted(set(given))


Countries = Annotated[list[KnownCountry], Field(min_length=1, max_length=250), AfterValidator(_known_countries)]
TextsPerDay = Annotated[int, Field(ge=1, le=1_000_000)]


class LineSettingsIn(RequestModel):
    """`messages_per_second`: the line's rate limit, null for none. `answers_keywords`: we answer STOP, START and
    HELP, not the provider; if omitted, we answer if the provider does not.

    `countries`: those that the line may text (ISO 3166 alpha-2), null for its own. `texts_per_day` and
    `texts_per_person_per_day`: how many texts are accepted in a day of the business, of everybody and of each person
    or API key; null for 20,000 and 5,000. An omitted one of these three keeps its value."""

    model_config = {"title": "LineSettings"}

    messages_per_second: Annotated[float, Field(gt=0, le=1000)] | None = None
    """The line's rate limit; null for none."""
    # The default depends on the provider, so the document names none.
    answers_keywords: Annotated[bool, Field(json_schema_extra=lambda schema: schema.pop("default"))] = False
    """Whether we answer STOP, START and HELP, not the provider. If it is omitted, we answer if the provider does not.
    """
    business_name: Label | None = None
    """The name in answers to keywords; null for the organization's."""
    help_text: Annotated[Body, StringConstraints(max_length=320)] | None = None
    """What the answer to HELP says; null for the number to call."""
    countries: Countries | None = None
    """The countries that the line may text, ISO 3166 alpha-2; null for its own."""
    texts_per_day: TextsPerDay | None = None
    """How many texts are accepted in a day of the business; null for 20,000."""
    texts_per_person_per_day: TextsPerDay | None = None
    """The same of each person or API key; null for 5,000."""

    def given(self) -> LineSettings:
        settings = self.model_dump(exclude=LIMITS)
        if "answers_keywords" not in self.model_fields_set:
            settings["answers_keywords"] = None
        return LineSettings(**settings)

    def limits(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in LIMITS & self.model_fields_set}


class LineSettingsOut(BaseModel):
    messages_per_second: float | None
    """The line's rate limit; null for none."""
    answers_keywords: bool
    """Whether we answer STOP, START and HELP, not the provider."""
    business_name: str | None
    """The name in answers to keywords; null for the organization's."""
    help_text: str | None
    """What the answer to HELP says; null for the number to call."""
    countries: list[str]
    """The countries that the line may text, ISO 3166 alpha-2."""
    texts_per_day: int
    """How many texts are accepted in a day of the business."""
    texts_per_person_per_day: int
    """The same of each person or API key."""

    @classmethod
    def of(cls, line: Line) -> "LineSettingsOut":
        return cls(
            **LineSettingsIn(**line.settings).model_dump(exclude=LIMITS),
            countries=line.countries if line.countries is not None else [line.country],
            texts_per_day=line.texts_per_day or DEFAULT_TEXTS_PER_DAY,
            texts_per_person_per_day=line.texts_per_person_per_day or DEFAULT_TEXTS_PER_PERSON_PER_DAY,
        )


class LineIn(RequestModel):
    label: Label
    """The name that staff see."""
    phone_number: Annotated[SingleLine, Length(3, 32)]
    """The number or short code that the provider has given."""
    kind: LineKind
    """A long code, a toll-free number or a short code."""
    country: Country
    """The country of the number, ISO 3166 alpha-2."""
    provider: ProviderName
    """Who carries its texts, as `GET /providers` names it."""
    credentials: Credentials
    settings: LineSettingsIn | None = None
    """What is omitted has its default."""

    def new_line(self) -> NewLine:
        return NewLine(
            label=self.label,
            phone_number=self.phone_number,
            kind=self.kind,
            country=self.country,
            provider=self.provider.value,
            credentials=self.credentials,
            settings=self.settings.given() if self.settings else LineSettings(),
            limits=self.settings.limits() if self.settings else {},
        )


class LinePatch(PatchModel):
    """An omitted field stays."""

    label: Label | None = None
    """The name that staff see."""
    credentials: CredentialsPatch | None = None
    """A complete set replaces what is stored. Fewer fields change only those, and null removes one."""
    settings: LineSettingsIn | None = None
    """Replaces the settings, but for the three limits: an omitted one keeps its value."""
    enabled: bool | None = None
    """False takes the line out of service: nothing is sent from it."""
    default: bool | None = None
    """New conversations go out on it if their country has no default of its own. Another line loses it."""
    default_for: Annotated[list[Country], Field(max_length=250), AfterValidator(_known_countries)] | None = None
    """New conversations with these countries go out on it. Other lines lose them."""

    def change(self) -> LineChange:
        return LineChange(
            label=self.label,
            credentials=self.credentials,
            settings=self.settings.given() if self.settings else None,
            limits=self.settings.limits() if self.settings else {},
            enabled=self.enabled,
            default=self.default,
            default_for=self.default_for,
        )


class WebhookUrls(BaseModel):
    inbound: str
    """Where the provider posts received texts."""
    status: str
    """Where the provider posts what became of sent texts."""


class WebhookFindingOut(BaseModel):
    model_config = {"title": "WebhookFinding", "from_attributes": True}

    state: WebhookState
    """Whether the line's own address is set at the provider."""
    detail: str
    """The finding in words, for people."""
    address: str | None
    """The address that is set at the provider instead of the line's own."""


class LineHealthOut(BaseModel):
    """The provider's answer to the last check. `detail` is the worst finding in words."""

    model_config = {"title": "LineHealth", "from_attributes": True}

    state: LineState
    """The worst finding."""
    detail: str
    """The worst finding in words, for people."""
    at: datetime
    """When the provider was asked."""
    credentials_state: CredentialsState
    """Whether the provider accepts the credentials."""
    inbound: WebhookFindingOut
    """The address for received texts."""
    status: WebhookFindingOut
    """The address for delivery reports."""


class LineOut(BaseModel):
    model_config = {"title": "Line"}

    id: UUID
    label: str
    """The name that staff see."""
    phone_number: str
    """In E.164, or a short code."""
    kind: LineKind
    """A long code, a toll-free number or a short code."""
    country: str
    """The country of the number, ISO 3166 alpha-2."""
    provider: ProviderName
    """Who carries its texts, as `GET /providers` names it."""
    enabled: bool
    """False if the line is out of service: nothing is sent from it."""
    sandbox: bool
    """It is for tests: it texts only the test numbers of its provider, which no other line texts, and costs nothing."""
    default: bool
    """New conversations go out on it if their country has no default of its own (LINE-CHOICE)."""
    default_for: list[str]
    """Countries whose new conversations go out on it, ISO 3166 alpha-2."""
    settings: LineSettingsOut
    """Its limits, and its answers to keywords."""
    webhook_urls: WebhookUrls
    """The addresses to enter at the provider."""
    health: LineHealthOut | None
    """The provider's answer to the last check; null if there was none."""
    silent_since: datetime | None
    """When the last text came, if the line has been silent for longer than usual; else null."""
    notice: str | None
    """A notice that staff must see before they text from it (NZ-NOTICE)."""
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, line: Line, defaults: Mapping[UUID, DefaultFor], *, public_base_url: str) -> "LineOut":
        default = defaults.get(line.id, DefaultFor())
        return cls(
            id=line.id,
            label=line.label,
            phone_number=line.phone_number,
            kind=LineKind(line.kind),
            country=line.country,
            provider=ProviderName(line.provider),
            enabled=line.enabled,
            sandbox=line.is_sandbox,
            default=default.others,
            default_for=list(default.countries),
            settings=LineSettingsOut.of(line),
            webhook_urls=WebhookUrls(
                **vars(webhook_addresses(line.provider, line.id, public_base_url=public_base_url))
            ),
            health=LineHealthOut(**line.health) if line.health else None,
            silent_since=line.silent_since,
            notice=NZ_NOTICE if line.kind == LineKind.SHORT_CODE and line.country == NEW_ZEALAND else None,
            created_at=line.created_at,
            updated_at=line.updated_at,
        )


def _source_of(pattern: object) -> object:
    return pattern.pattern if isinstance(pattern, re.Pattern) else pattern


class CredentialFieldOut(BaseModel):
    model_config = {"title": "CredentialField", "from_attributes": True}

    name: str
    """Its name in a line's `credentials`."""
    label: str
    """Its name at the provider, for people."""
    secret: bool
    """Whether it is hidden while it is typed. No credential is ever answered."""
    required: bool
    """Whether a line needs it."""
    help: str | None
    """Where it is found at the provider."""
    pattern: Annotated[str | None, BeforeValidator(_source_of)]
    """A regular expression that the whole value must match."""
    alternative: str | None
    """The field is needed if this one of the provider's `alternatives` is chosen, and refused with another."""


class AlternativeOut(BaseModel):
    """One of several ways to sign in to a provider."""

    model_config = {"title": "Alternative", "from_attributes": True}

    id: str
    """What `alternative` of a credential field names."""
    label: str
    """Its name, for people."""
    help: str | None
    """More about it, for people."""


class SandboxNumberOut(BaseModel):
    model_config = {"title": "SandboxNumber", "from_attributes": True}

    phone_number: str
    """In E.164. It is nobody's."""
    name: str
    """A name for programs."""
    description: str
    """What happens to a text to it, for people."""


class ProviderCapabilities(BaseModel):
    answers_keywords: bool
    """The provider answers STOP, START and HELP itself."""
    checks_webhooks: bool
    """It says whether a line's webhooks are set."""
    fetches_media: bool
    """Files of received texts can be fetched from it."""
    lists_received: bool
    """It lists received texts, so backfill finds those without a webhook."""
    max_characters: int | None
    """Unicode characters of the longest text; null if it names no such limit."""
    max_segments: int | None
    """Segments of the longest text without files; null if it names no such limit."""
    max_media: int
    """The most files of one text."""


class ProviderOut(BaseModel):
    model_config = {"title": "Provider"}

    id: ProviderName
    """Its name in `provider` of a line."""
    name: str
    """Its name, for people."""
    credential_fields: list[CredentialFieldOut]
    """What a line's `credentials` hold."""
    alternatives: list[AlternativeOut]
    """A line uses exactly one: the first, unless it has another already. Empty if there is no choice."""
    setup_steps: list[str]
    """What to do at the provider, in order. `{phone_number}` stands for the line's number."""
    status_address_help: str
    """Where the address for delivery reports is entered at the provider."""
    own_numbers: list[str]
    """The numbers that its lines may have; empty if they may have any."""
    test_numbers: list[SandboxNumberOut]
    """Of the sandbox: the only numbers that its lines text. Empty for every other provider."""
    capabilities: ProviderCapabilities
    """What it can do."""

    @classmethod
    def of(cls, name: ProviderName, provider: SmsProvider) -> "ProviderOut":
        description = provider.description
        return cls(
            id=name,
            name=description.label,
            credential_fields=[CredentialFieldOut.model_validate(each) for each in description.credential_fields],
            alternatives=[AlternativeOut.model_validate(each) for each in description.alternatives],
            setup_steps=list(description.setup_steps),
            status_address_help=description.status_address_help,
            own_numbers=list(description.own_numbers),
            test_numbers=[SandboxNumberOut.model_validate(each) for each in description.test_numbers],
            capabilities=ProviderCapabilities(
                answers_keywords=description.answers_keywords,
                checks_webhooks=isinstance(provider, ChecksWebhooks),
                fetches_media=isinstance(provider, FetchesMedia),
                lists_received=isinstance(provider, ListsReceived),
                max_characters=description.limits.characters,
                max_segments=description.limits.segments,
                max_media=description.limits.media,
            ),
        )
