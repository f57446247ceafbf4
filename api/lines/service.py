"""Setting up lines, and opening them for use."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries as access_queries
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, Actor, NewEntry
from api.kit.database import commit, database_time, notify
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.ids import new_id
from api.kit.phone import InvalidPhoneNumberError, parse_line_number
from api.kit.secrets import SecretBox, UnreadableSecretError
from api.lines import queries
from api.lines.errors import TooManyTextsToday
from api.lines.models import Line
from api.lines.queries import lines_by_ids as lines_by_ids
from api.lines.rules import DEFAULT_TEXTS_PER_DAY, DEFAULT_TEXTS_PER_PERSON_PER_DAY, Day, texts_number
from api.lines.schemas import LIMITS, LineHealth, LineIn, LinePatch, LineSettings, WebhookUrls
from api.providers.port import ChecksWebhooks, LineAccess, SmsProvider
from api.providers.registry import Providers

CHANNEL = "messenger_lines"
"""NOTIFY that a line has changed: API processes forget what they know of it."""

KEPT = timedelta(days=7)
"""How long the counts of past days are kept."""


async def require_line(session: AsyncSession, organization_id: UUID, line_id: UUID) -> Line:
    """Raises `NotFound`, also for another organization's (PERM-TENANT)."""
    line = await queries.line(session, organization_id, line_id)
    if line is None:
        raise NotFound("There is no such line.")
    return line


async def line_or_default(session: AsyncSession, organization_id: UUID, line_id: UUID | None) -> Line:
    """The named line, or the organization's first. Raises `NotFound`, or `Conflict` when there is none at all."""
    if line_id is not None:
        return await require_line(session, organization_id, line_id)
    line = await queries.default_line(session, organization_id)
    if line is None:
        raise Conflict("There is no line to text from yet. An administrator can add one.")
    return line


async def own_numbers(session: AsyncSession, organization_id: UUID, numbers: Sequence[str]) -> set[str]:
    """Of these numbers, those of the organization's lines."""
    return await queries.own_numbers(session, organization_id, numbers)


async def set_silent_since(session: AsyncSession, organization_id: UUID, line_id: UUID, since: datetime | None) -> None:
    await queries.set_silent_since(session, organization_id, line_id, since)


def open_line(line: Line, secrets: SecretBox) -> LineAccess:
    """The line with its credentials in clear, for a provider."""
    return LineAccess(
        line_id=line.id, phone_number=line.phone_number, credentials=secrets.open(line.sealed_credentials)
    )


def line_settings(line: Line) -> LineSettings:
    return LineSettings(**line.settings)


def _adapter(providers: Providers, provider: str) -> SmsProvider:
    adapter = providers.get(provider)
    if adapter is None:
        raise Invalid([("/provider", providers.why_missing(provider))])
    return adapter


def _checked_credentials(providers: Providers, provider: str, given: dict[str, str]) -> dict[str, str]:
    adapter = _adapter(providers, provider)
    missing = [name for name, required in adapter.credential_fields.items() if required and name not in given]
    unknown = [name for name in given if name not in adapter.credential_fields]
    problems = [(f"/credentials/{name}", f"{provider.capitalize()} needs this.") for name in missing]
    problems += [(f"/credentials/{name}", f"{provider} lines have no {name}.") for name in unknown]
    if not problems:
        malformed = adapter.malformed_credentials(given)
        problems = [(f"/credentials/{name}", detail) for name, detail in malformed.items()]
    if problems:
        raise Invalid(problems)
    return given


def _stored_settings(providers: Providers, provider: str, given: LineSettings) -> dict[str, Any]:
    """Settings as they are kept in `Line.settings`: who answers STOP, START and HELP is always said (OPTIN-CONFIRM)."""
    settings = given.model_dump(mode="json", exclude=LIMITS)
    if "answers_keywords" not in given.model_fields_set:
        settings["answers_keywords"] = not _adapter(providers, provider).answers_keywords
    return settings


def _merged_credentials(
    line: Line, given: Mapping[str, str | None], adapter: SmsProvider, secrets: SecretBox
) -> dict[str, str]:
    """A complete set stands for itself. Fewer fields are changed in what is stored; null takes one away."""
    kept = {name: value for name, value in given.items() if value is not None}
    required = {name for name, required in adapter.credential_fields.items() if required}
    if required <= kept.keys() and not adapter.malformed_credentials(kept):
        return kept
    try:
        before = secrets.open(line.sealed_credentials)
    except UnreadableSecretError:
        return kept  # They were stored under another key of the service: only a complete set mends that.
    return {name: value for name, value in {**before, **given}.items() if value is not None}


def _changed_credentials(line: Line, given: dict[str, str], secrets: SecretBox) -> list[str]:
    """The names of the fields that are not as they were, never what is in them."""
    try:
        before = secrets.open(line.sealed_credentials)
    except UnreadableSecretError:
        before = {}  # They were stored under another key of the service: the new ones mend that.
    return sorted(name for name in before.keys() | given.keys() if before.get(name) != given.get(name))


async def create_line(
    session: AsyncSession,
    *,
    organization_id: UUID,
    actor: Actor,
    new: LineIn,
    providers: Providers,
    secrets: SecretBox,
) -> Line:
    """Raises `Invalid`, and `Conflict` when the organization has that number already."""
    try:
        number = parse_line_number(new.phone_number, country=new.country)
    except InvalidPhoneNumberError as error:
        raise Invalid([("/phone_number", str(error))]) from None
    credentials = _checked_credentials(providers, new.provider, dict(new.credentials))
    line = Line(
        organization_id=organization_id,
        id=new_id(),
        label=new.label,
        phone_number=number,
        kind=new.kind.value,
        country=new.country,
        provider=new.provider.value,
        sealed_credentials=secrets.seal(credentials),
        settings=_stored_settings(providers, new.provider, new.settings or LineSettings()),
        **(new.settings.model_dump(include=LIMITS) if new.settings else {}),
    )
    session.add(line)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict(f"There is a line {number} already.") from error
    await session.refresh(line)
    await audit.record(
        session,
        organization_id,
        NewEntry(
            Action.LINE_CREATED,
            actor,
            phone_number=number,
            details={"line_id": str(line.id), "label": line.label, "provider": line.provider},
        ),
    )
    return line


async def update_line(
    session: AsyncSession,
    principal: Principal,
    line_id: UUID,
    patch: LinePatch,
    *,
    providers: Providers,
    secrets: SecretBox,
) -> Line:
    line = await require_line(session, principal.organization_id, line_id)
    changes: dict[str, Any] = {}
    if patch.label is not None and patch.label != line.label:
        changes["label"] = {"from": line.label, "to": patch.label}
        line.label = patch.label
    if patch.settings is not None:
        settings = _stored_settings(providers, line.provider, patch.settings)
        if settings != line.settings:
            changes["settings"] = {"from": line.settings, "to": settings}
            line.settings = settings
        for name in sorted(LIMITS & patch.settings.model_fields_set):
            before, after = getattr(line, name), getattr(patch.settings, name)
            if before != after:
                changes[name] = {"from": before, "to": after}
                setattr(line, name, after)
    if patch.enabled is not None and patch.enabled != line.enabled:
        changes["enabled"] = {"from": line.enabled, "to": patch.enabled}
        line.enabled = patch.enabled
    if patch.credentials is not None:
        given = _merged_credentials(line, patch.credentials, _adapter(providers, line.provider), secrets)
        credentials = _checked_credentials(providers, line.provider, given)
        if changed := _changed_credentials(line, credentials, secrets):
            line.sealed_credentials = secrets.seal(credentials)
            line.health = None
            changes["credentials"] = {"changed": changed}
    if changes:
        notify(session, CHANNEL, {"line_id": str(line.id)})
        line.updated_at = await database_time(session)
        await session.flush()
        await audit.record(
            session,
            principal.organization_id,
            NewEntry(
                Action.LINE_UPDATED,
                principal.actor,
                phone_number=line.phone_number,
                details={"line_id": str(line.id), "changes": changes},
            ),
        )
    return line


def may_text(line: Line, phone_number: str) -> bool:
    """Whether the line's settings let it text this number's country."""
    return texts_number(phone_number, country=line.country, countries=line.countries)


async def count_text(session: AsyncSession, line: Line, *, sender_id: UUID) -> None:
    """Count a text that a person or API key sends. Raises `TooManyTextsToday`, and the count is undone with the rest.

    Of texts at the same time on one line each waits for the one before to be committed: together they cannot pass the
    limit.
    """
    at = await database_time(session)
    organization = await access_queries.organization(session, line.organization_id)
    day = Day.at(at, timezone=organization.timezone)
    counted = await queries.count_text(session, line.organization_id, line.id, [sender_id, line.id], day=day.date)
    limits = (
        ("person", counted[sender_id], line.texts_per_person_per_day or DEFAULT_TEXTS_PER_PERSON_PER_DAY),
        ("line", counted[line.id], line.texts_per_day or DEFAULT_TEXTS_PER_DAY),
    )
    for per, texts, limit in limits:
        if texts > limit:
            raise TooManyTextsToday(
                per=per, limit=limit, resets_at=day.ends_at, retry_after_seconds=day.seconds_left(at)
            )
    if counted[line.id] == 1:
        await queries.forget_daily_texts(session, line.organization_id, line.id, before=day.date - KEPT)


async def check_line(
    session: AsyncSession,
    organization_id: UUID,
    line_id: UUID,
    *,
    providers: Providers,
    secrets: SecretBox,
    public_base_url: str,
) -> LineHealth:
    """Ask the provider what is set there for the line, and keep the answer. Nothing is changed at the provider.

    The caller's transaction ends before the provider is asked, and the answer is kept in another. Raises `NotFound`,
    and `Conflict` where the provider cannot be asked.
    """
    line = await require_line(session, organization_id, line_id)
    adapter = _adapter(providers, line.provider)
    if not isinstance(adapter, ChecksWebhooks):
        raise Conflict(f"{line.provider} cannot be asked what is set there.")
    access = open_line(line, secrets)
    expected = WebhookUrls.of(line, public_base_url=public_base_url).expected
    await commit(session)
    check = await adapter.check_webhooks(access, expected)
    health = LineHealth.of(check, at=await database_time(session))
    await queries.set_health(session, line, health.model_dump(mode="json"))
    return health
