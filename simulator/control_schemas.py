"""What may be sent to the control interface."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from simulator.faults import Kind, Rule, Where
from simulator.media import LARGEST
from simulator.model import HandsetState, Keywords, LineKind, ProfileId
from simulator.settings import AS_PROVIDER, RetryOn


def _encodable(text: str) -> str:
    """Refuse lone surrogates: no request could carry them."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("is not valid Unicode") from error
    return text


Text = Annotated[str, AfterValidator(_encodable)]
Seconds = Annotated[float, Field(ge=0, le=3600)]
Handset = Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")]
LineNumber = Annotated[str, Field(pattern=r"^(\+[1-9]\d{6,14}|\d{3,7})$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AccountIn(Body):
    auth_token: str
    wire: str = "twilio"
    username: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    signing_key: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    callback_username: str | None = None
    callback_password: str | None = None


class ProfileIn(Body):
    account_sid: str
    label: Text = ""
    inbound_url: HttpUrl | None = None
    status_url: HttpUrl | None = None
    fallback_url: HttpUrl | None = None
    use_line_urls: bool = False


class LineIn(Body):
    account_sid: str
    inbound_url: HttpUrl | None = None
    status_url: HttpUrl | None = None
    fallback_url: HttpUrl | None = None
    label: Text = ""
    country: str = "US"
    kind: LineKind = LineKind.LONG_CODE
    profile_id: ProfileId = None
    keywords: Keywords | None = None
    advanced_opt_out: bool = False
    wire: str | None = None

    @model_validator(mode="after")
    def _opt_out_needs_a_service(self) -> Self:
        if self.advanced_opt_out and self.profile_id is None:
            raise ValueError("advanced_opt_out is a feature of a messaging service")
        return self


class HandsetIn(Body):
    """What is left out stays as it is."""

    name: Text | None = None
    state: HandsetState | None = None


class MediaIn(Body):
    """Either a file, base64 in `data`, which the simulator then serves, or the address of one."""

    content_type: str = Field(pattern=r"^[\w.+-]+/[\w.+-]+$")
    data: str | None = Field(default=None, max_length=LARGEST * 4 // 3 + 4)
    url: HttpUrl | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.data is None) is (self.url is None):
            raise ValueError("give either data or url")
        return self


class TextIn(Body):
    to: LineNumber
    body: Text = ""
    media: list[MediaIn] = Field(default_factory=list, max_length=10)
    message_sid: str | None = Field(default=None, min_length=1, max_length=64)
    repeat: int = Field(default=1, ge=1, le=100)


class PastText(Body):
    handset: Handset
    line: LineNumber
    direction: Literal["to_handset", "from_handset"]
    body: Text
    at: AwareDatetime
    message_sid: str | None = Field(default=None, min_length=1, max_length=64)


class HistoryIn(Body):
    texts: list[PastText] = Field(max_length=10_000)


class Match(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    to: str | None = None
    sender: str | None = Field(default=None, alias="from")
    body_contains: str | None = None
    status: str | None = None


class FaultRuleIn(Body):
    where: Where
    kind: Kind
    probability: float | None = Field(default=None, ge=0, le=1)
    next_n: int | None = Field(default=None, ge=1)
    seconds: Seconds | None = None
    retry_after: int | None = Field(default=None, ge=0)
    code: int | None = None
    status_code: int | None = Field(default=None, ge=400, le=599)
    copies: int = Field(default=2, ge=2, le=100)
    accepted: bool = False
    match: Match = Match()

    @model_validator(mode="after")
    def _has_a_meaning(self) -> Self:
        self.rule()
        return self

    def rule(self) -> Rule:
        match = self.match
        return Rule(
            **self.model_dump(exclude={"match"}),
            sender=match.sender,
            recipient=match.to,
            body_contains=match.body_contains,
            status=match.status,
        )


class FaultsIn(Body):
    rules: list[FaultRuleIn]
    seed: int | None = None


class SettingsIn(Body):
    """What is left out stays as it is. `retries: null` repeats every webhook until it is answered 2xx."""

    queued_after: Seconds = 0
    sending_after: Seconds = 0
    sent_after: Seconds = 0
    delivered_after: Seconds = 0
    callback_statuses: frozenset[str] = frozenset()
    connect_timeout: Annotated[float, Field(gt=0, le=60)] = 5
    read_timeout: Annotated[float, Field(gt=0, le=60)] | Literal["as_provider"] = AS_PROVIDER
    retries: Annotated[int, Field(ge=0, le=1000)] | Literal["as_provider"] | None = AS_PROVIDER
    retry_on: frozenset[RetryOn] | Literal["as_provider"] = AS_PROVIDER
    retry_backoff: Seconds = 0
    retry_backoff_max: Seconds = 0
    media_redirect: bool = True
    media_auth: bool = False
