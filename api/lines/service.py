"""Use cases of lines: setting them up, checking them, and reading them for other slices."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.kit.countries import COUNTRY_NAMES
from api.kit.database import commit, database_time, notify
from api.kit.errors import AlreadyExists, Conflict, Invalid, NotFound
from api.kit.ids import new_id
from api.kit.phone import InvalidPhoneNumberError, parse_line_number
from api.kit.preconditions import require_unchanged
from api.kit.secrets import SecretBox, UnreadableSecretError
from api.lines import queries
from api.lines.defaults import NO_LINE, change_defaults, lock_every_line, moves_defaults
from api.lines.errors import TooManyTextsToday
from api.lines.models import Line
from api.lines.queries import count_lines as count_lines
from api.lines.queries import count_silent_lines as count_silent_lines
from api.lines.queries import lines_by_ids as lines_by_ids
from api.lines.queries import own_numbers as own_numbers
from api.lines.queries import set_silent_since as set_silent_since
from api.lines.queries import silent_lines as silent_lines
from api.lines.rules import (
    DEFAULT_TEXTS_PER_DAY,
    DEFAULT_TEXTS_PER_PERSON_PER_DAY,
    Day,
    LineChange,
    LineHealth,
    LineKind,
    LineSettings,
    NewLine,
    SandboxNote,
    sandbox_note,
    texts_number,
    webhook_addresses,
)
from api.providers.port import ChecksWebhooks, LineAccess, SmsProvider
from api.providers.registry import Providers
from api.providers.sandbox.numbers import COUNTRY

CHANNEL = "messenger_lines"
"""NOTIFY channel of changed lines: API processes drop their cached line."""

KEPT = timedelta(days=7)
"""How long counts of past days are stored."""


async def require_line(session: AsyncSession, organization_id: UUID, line_id: UUID) -> Line:
    """Raises `NotFound`, also for another organization's (PERM-TENANT)."""
    return _found(await queries.line(session, organization_id, line_id))


async def lock_line(session: AsyncSession, organization_id: UUID, line_id: UUID) -> Line:
    """`require_line`, locked and as the request says. Raises `NotFound` and `PreconditionFailed`."""
    line = _found(await queries.lock_line(session, organization_id, line_id))
    await require_unchanged(session)
    return line


def _found(line: Line | None) -> Line:
    if line is None:
        raise NotFound("There is no such line.")
    return line


async def line_or_default(session: AsyncSession, organization_id: UUID, line_id: UUID | None) -> Line:
    """The named line, or the organization's default: its oldest, unless an administrator chose one.

    Raises `NotFound`, or `Conflict` when there is none at all.
    """
    if line_id is not None:
        return await require_line(session, organization_id, line_id)
    line = await queries.default_line(session, organization_id)
    if line is None:
        raise Conflict(NO_LINE)
    return line


def open_line(line: Line, secrets: SecretBox) -> LineAccess:
    """The line with its credentials in clear, for a provider."""
    return LineAccess(
        line_id=line.id, phone_number=line.phone_number, credentials=secrets.open(line.sealed_credentials)
    )


def line_settings(line: Line) -> LineSettings:
    return LineSettings(**line.settings)


async def list_lines(session: AsyncSession, principal: Principal, *, after: UUID | None, limit: int) -> Sequence[Line]:
    """The organization's lines by id, which is oldest first."""
    return await queries.lines(session, principal.organization_id, after=after, limit=limit)


def _adapter(providers: Providers, provider: str) -> SmsProvider:
    adapter = providers.get(provider)
    if adapter is None:
        raise Invalid([("/provider", providers.why_missing(provider))])
    return adapter


def _checked_credentials(adapter: SmsProvider, given: dict[str, str]) -> dict[str, str]:
    """Raises `Invalid` with a problem for each wrong field."""
    if problems := adapter.description.problems(given):
        raise Invalid([(f"/credentials/{name}", detail) for name, detail in problems.items()])
    return given


def _stored_settings(adapter: SmsProvider, given: LineSettings) -> dict[str, Any]:
    """`Line.settings`, which always says who answers STOP, START and HELP (OPTIN-CONFIRM)."""
    if given.answers_keywords is None:
        given = replace(given, answers_keywords=not adapter.description.answers_keywords)
    return given.stored()


def _merged_credentials(
    line: Line, given: Mapping[str, str | None], adapter: SmsProvider, secrets: SecretBox
) -> dict[str, str]:
    """A complete set replaces the stored one. Fewer fields change only those; None removes one."""
    kept = {name: value for name, value in given.items() if value is not None}
    if adapter.description.is_complete(kept):
        return kept
    try:
        before = secrets.open(line.sealed_credentials)
    except UnreadableSecretError:
        return kept  # Stored under a lost key of the service: only a complete set replaces them.
    return {name: value for name, value in {**before, **given}.items() if value is not None}


def _changed_credentials(line: Line, given: dict[str, str], secrets: SecretBox) -> list[str]:
    """The names of the changed fields, never their values."""
    try:
        before = secrets.open(line.sealed_credentials)
    except UnreadableSecretError:
        before = {}  # Stored under a lost key of the service: every field counts as changed.
    return sorted(name for name in before.keys() | given.keys() if before.get(name) != given.get(name))


def _own_number_problems(adapter: SmsProvider, new: NewLine, number: str) -> list[tuple[str, str]]:
    """A sandbox line's own number is one of those that belong to nobody."""
    allowed = adapter.description.own_numbers
    problems: list[tuple[str, str]] = []
    if not allowed:
        return problems
    if number not in allowed:
        problems.append(("/phone_number", f"{adapter.description.label}: use one of {allowed[0]} to {allowed[-1]}."))
    if new.country != COUNTRY:
        problems.append(("/country", f"Its number is one of {COUNTRY_NAMES[COUNTRY]}: use {COUNTRY}."))
    if new.kind is not LineKind.LONG_CODE:
        problems.append(("/kind", f"Its number is an ordinary one: use {LineKind.LONG_CODE}."))
    return problems


async def create_line(
    session: AsyncSession, principal: Principal, new: NewLine, *, providers: Providers, secrets: SecretBox
) -> Line:
    """Raises `Invalid`, and `Conflict` if the organization has a line with that number."""
    try:
        number = parse_line_number(new.phone_number, country=new.country)
    except InvalidPhoneNumberError as error:
        raise Invalid([("/phone_number", str(error))]) from None
    adapter = _adapter(providers, new.provider)
    if wrong := _own_number_problems(adapter, new, number):
        raise Invalid(wrong)
    line = Line(
        organization_id=principal.organization_id,
        id=new_id(),
        label=new.label,
        phone_number=number,
        kind=new.kind.value,
        country=new.country,
        provider=new.provider,
        sealed_credentials=secrets.seal(_checked_credentials(adapter, dict(new.credentials))),
        settings=_stored_settings(adapter, new.settings),
        **new.limits,
    )
    session.add(line)
    try:
        await session.flush()
    except IntegrityError as error:
        await session.rollback()
        raise AlreadyExists(
            f"There is a line {number} already.",
            existing_id=await queries.id_of_number(session, principal.organization_id, number),
            conflicting=["/phone_number"],
        ) from error
    await session.refresh(line)
    await audit.record(
        session,
        principal.organization_id,
        NewEntry(
            Action.LINE_CREATED,
            principal.actor,
            phone_number=number,
            details={"line_id": str(line.id), "label": line.label, "provider": line.provider},
        ),
    )
    return line


async def update_line(
    session: AsyncSession,
    principal: Principal,
    line_id: UUID,
    change: LineChange,
    *,
    providers: Providers,
    secrets: SecretBox,
) -> Line:
    """Raises `NotFound` and `Invalid`."""
    if moves_defaults(change):
        await lock_every_line(session, principal.organization_id)
    line = await lock_line(session, principal.organization_id, line_id)
    after: dict[str, Any] = dict(change.limits)
    if change.label is not None:
        after["label"] = change.label
    if change.settings is not None:
        after["settings"] = _stored_settings(_adapter(providers, line.provider), change.settings)
    if change.enabled is not None:
        after["enabled"] = change.enabled
    changes: dict[str, Any] = {}
    for name, value in sorted(after.items()):
        if (before := getattr(line, name)) != value:
            changes[name] = {"from": before, "to": value}
            setattr(line, name, value)
    if change.credentials is not None:
        adapter = _adapter(providers, line.provider)
        credentials = _checked_credentials(adapter, _merged_credentials(line, change.credentials, adapter, secrets))
        if changed := _changed_credentials(line, credentials, secrets):
            line.sealed_credentials = secrets.seal(credentials)
            line.health = None
            changes["credentials"] = {"changed": changed}
    changes |= await change_defaults(session, principal, line, change)
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


def why_not_sandbox(line: Line, phone_number: str) -> SandboxNote | None:
    """Why a sandbox line may not text a real number, or a real line a test number; else None."""
    return sandbox_note(phone_number, is_sandbox=line.is_sandbox)


def may_text(line: Line, phone_number: str) -> bool:
    """Whether the line's settings let it text this number's country."""
    return texts_number(phone_number, country=line.country, countries=line.countries)


async def count_text(session: AsyncSession, line: Line, *, sender_id: UUID) -> None:
    """Count a text that a person or API key sends. Raises `TooManyTextsToday`; the rollback undoes the count.

    Simultaneous texts on one line wait for each other's commit, so together they cannot exceed the limit.
    """
    at = await database_time(session)
    organization = await access.organization(session, line.organization_id)
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
    principal: Principal,
    line_id: UUID,
    *,
    providers: Providers,
    secrets: SecretBox,
    public_base_url: str,
) -> LineHealth:
    """Ask the provider which webhooks and credentials it has for the line, and store the answer. Changes nothing there.

    Ends the caller's transaction before the request, and stores the answer in another. Raises `NotFound`, and
    `Conflict` if the provider offers no check.
    """
    line = await require_line(session, principal.organization_id, line_id)
    adapter = _adapter(providers, line.provider)
    if not isinstance(adapter, ChecksWebhooks):
        raise Conflict(f"{adapter.description.label} does not say what is set there.")
    access = open_line(line, secrets)
    expected = webhook_addresses(line.provider, line.id, public_base_url=public_base_url)
    await commit(session)
    check = await adapter.check_webhooks(access, expected)
    health = LineHealth.of(check, at=await database_time(session))
    await queries.set_health(session, line, health.stored())
    return health
