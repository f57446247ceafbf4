"""The default lines of an organization, and the choice of a line for a new text (LINE-CHOICE)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.kit.countries import COUNTRY_NAMES
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.ids import new_id
from api.lines import default_queries as queries
from api.lines.choice_rules import Candidate, Candidates, LineReason, choose_line
from api.lines.models import Line, LineDefault
from api.lines.rules import LineChange

NO_LINE = "There is no line to text from yet. An administrator can add one."


@dataclass(frozen=True)
class DefaultFor:
    """What a line is the default for."""

    countries: tuple[str, ...] = ()
    others: bool = False
    """Every country without a default of its own."""


@dataclass(frozen=True)
class ChosenLine:
    line: Line
    reason: LineReason


@dataclass(frozen=True)
class Choosable:
    """The lines of an organization that has some, to choose from for many numbers."""

    by_id: Mapping[UUID, Line]
    candidates: Candidates

    def choose(self, number: str, *, newest: UUID | None) -> ChosenLine:
        choice = choose_line(number, self.candidates, newest=newest)
        assert choice is not None, "there is a line"
        return ChosenLine(self.by_id[choice.line_id], choice.reason)

    def require(self, line_id: UUID) -> Line:
        """Raises `NotFound`, also for another organization's (PERM-TENANT)."""
        if line_id not in self.by_id:
            raise NotFound("There is no such line.")
        return self.by_id[line_id]


async def choosable_lines(session: AsyncSession, organization_id: UUID) -> Choosable:
    """Raises `Conflict` if the organization has no line."""
    every = await queries.every_line(session, organization_id)
    if not every:
        raise Conflict(NO_LINE)
    defaults = {row.country: row.line_id for row in await queries.defaults(session, organization_id)}
    candidates = [Candidate(line.id, line.country, line.countries, line.enabled, line.is_sandbox) for line in every]
    return Choosable({line.id: line for line in every}, Candidates(candidates, defaults))


async def defaults_of(session: AsyncSession, organization_id: UUID) -> Mapping[UUID, DefaultFor]:
    """By line; a line that is no default is left out."""
    return _by_line(await queries.defaults(session, organization_id))


def _by_line(rows: Sequence[LineDefault]) -> dict[UUID, DefaultFor]:
    found: dict[UUID, DefaultFor] = {}
    for row in rows:
        before = found.get(row.line_id, DefaultFor())
        countries = before.countries if row.country is None else tuple(sorted((*before.countries, row.country)))
        found[row.line_id] = DefaultFor(countries, before.others or row.country is None)
    return found


def moves_defaults(change: LineChange) -> bool:
    return change.default is not None or change.default_for is not None


async def lock_every_line(session: AsyncSession, organization_id: UUID) -> None:
    """In the order of their ids: call it before one of them is locked."""
    await queries.lock_lines(session, organization_id)


async def change_defaults(
    session: AsyncSession, principal: Principal, line: Line, change: LineChange
) -> dict[str, Any]:
    """Make a line the default that `change` wants. Returns what changed of this line, for its audit entry.

    Another line that loses a country, or is the default no more, gets an entry of its own. Raises `Invalid` for a
    country that the line may not text, and for a sandbox line.
    """
    if not moves_defaults(change):
        return {}
    if line.is_sandbox and (change.default or change.default_for):
        pointer = "/default" if change.default else "/default_for"
        raise Invalid([(pointer, "A sandbox line texts only its test numbers, so it can't be a default.")])
    allowed = line.countries if line.countries is not None else [line.country]
    if refused := sorted(set(change.default_for or ()) - set(allowed)):
        names = ", ".join(COUNTRY_NAMES.get(each, each) for each in refused)
        raise Invalid([("/default_for", f"This line may not text {names}. Add it to the line's countries first.")])
    organization_id = line.organization_id
    # The lock orders two changes that give the same default to two lines.
    by_id = await queries.lock_lines(session, organization_id)
    before = _by_line(await queries.defaults(session, organization_id))
    own = before.get(line.id, DefaultFor())
    wanted = DefaultFor(
        own.countries if change.default_for is None else tuple(sorted(change.default_for)),
        own.others if change.default is None else change.default,
    )
    keys: list[str | None] = [*wanted.countries, *([None] if wanted.others else [])]
    await queries.clear(session, organization_id, line.id, keys)
    session.add_all(
        LineDefault(organization_id=organization_id, id=new_id(), line_id=line.id, country=each) for each in keys
    )
    await session.flush()
    after = _by_line(await queries.defaults(session, organization_id))
    for line_id in sorted((before.keys() | after.keys()) - {line.id}):
        if changes := _changes(before.get(line_id), after.get(line_id)):
            details = {"line_id": str(line_id), "changes": changes}
            entry = NewEntry(Action.LINE_UPDATED, principal.actor, phone_number=by_id[line_id], details=details)
            await audit.record(session, organization_id, entry)
    return _changes(own, wanted)


def _changes(before: DefaultFor | None, after: DefaultFor | None) -> dict[str, Any]:
    was, is_now = before or DefaultFor(), after or DefaultFor()
    changes: dict[str, Any] = {}
    if was.others != is_now.others:
        changes["default"] = {"from": was.others, "to": is_now.others}
    if was.countries != is_now.countries:
        changes["default_for"] = {"from": list(was.countries), "to": list(is_now.countries)}
    return changes
