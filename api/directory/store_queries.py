"""SQL that writes a plan, with few statements however many records it has."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.models import StaffMember, stored_columns
from api.audit.rules import Actor
from api.directory.models import Contact, Family, PhoneRecord
from api.directory.plan import OptInRow, Plan, RecordRow
from api.directory.rules import OptInState, OwnerKind, RefusalCause
from api.directory.signups import note_signups
from api.directory.store_students import store_students
from api.directory.student_rules import NO_CHANGES, ClassChanges
from api.kit.bulk import insert_together, is_any, update_together
from api.kit.ids import new_id


async def store(
    session: AsyncSession,
    organization_id: UUID,
    plan: Plan,
    *,
    number_ids: Mapping[str, UUID],
    author: Actor,
    at: datetime,
    classes: ClassChanges = NO_CHANGES,
) -> None:
    """Write everything but the audit entries. `number_ids`: the locked rows of the plan's numbers.

    Raises `IntegrityError` if somebody else has just stored the same external id or email address.
    """
    if plan.refusals:
        # Before the owners are renamed: a refusal carries the names that its record had.
        await _keep_refusals(session, organization_id, plan.refusals, by=author, at=at)
    write = _Writer(session, organization_id, author, at)
    await write.families(plan)
    await write.staff_members(plan)
    await write.removals(plan)
    await store_students(session, organization_id, plan, classes=classes, at=at)
    await write.contacts(plan)
    await write.phone_records(plan, number_ids)


@dataclass(frozen=True)
class _Writer:
    session: AsyncSession
    organization_id: UUID
    author: Actor
    at: datetime

    def _row(self, id: UUID, **columns: object) -> dict[str, object]:  # The column's name.
        return {"organization_id": self.organization_id, "id": id, **columns}

    async def families(self, plan: Plan) -> None:
        new = [{**row, "created_at": self.at} for row in self._records(plan.new_records, OwnerKind.FAMILY)]
        await insert_together(self.session, Family, new)
        await update_together(self.session, Family, self._records(plan.records, OwnerKind.FAMILY))
        await update_together(self.session, Family, self._archived(plan, OwnerKind.FAMILY))

    async def staff_members(self, plan: Plan) -> None:
        # By the ORM: an array of arrays, of permissions, cannot be split into rows.
        if new := self._records(plan.new_records, OwnerKind.STAFF_MEMBER):
            await self.session.execute(insert(StaffMember), [{**_named(row), "created_at": self.at} for row in new])
        if changed := self._records(plan.records, OwnerKind.STAFF_MEMBER):
            await self.session.execute(update(StaffMember), [_named(row) for row in changed])
        passwords = [self._row(record_id, password_hash=password_hash) for record_id, password_hash in plan.passwords]
        await update_together(self.session, StaffMember, passwords)
        await update_together(self.session, StaffMember, self._archived(plan, OwnerKind.STAFF_MEMBER))
        for staff_member_id in plan.signed_out:
            await access.end_sessions(self.session, self.organization_id, staff_member_id, except_for=None)

    def _records(self, rows: Sequence[RecordRow], kind: OwnerKind) -> list[dict[str, object]]:
        columns: list[dict[str, object]] = []
        for row in rows:
            if row.kind is kind:
                values = dict(row.values)
                if "permissions" in values:
                    values |= stored_columns(values.pop("permissions"))
                columns.append(self._row(row.id, **values, updated_at=self.at))
        return columns

    def _archived(self, plan: Plan, kind: OwnerKind) -> list[dict[str, object]]:
        return [
            self._row(record_id, archived_at=self.at if is_archived else None, updated_at=self.at)
            for of_kind, record_id, is_archived in plan.archived
            if of_kind is kind
        ]

    async def removals(self, plan: Plan) -> None:
        for model, ids in ((PhoneRecord, plan.removed_phone_records), (Contact, plan.removed_contacts)):
            if ids:
                await self.session.execute(
                    delete(model)
                    .where(model.organization_id == self.organization_id, model.id == is_any(ids))
                    .execution_options(synchronize_session=False)
                )

    async def contacts(self, plan: Plan) -> None:
        await update_together(self.session, Contact, [self._row(**row._asdict()) for row in plan.contacts])
        await insert_together(self.session, Contact, [self._row(**row._asdict()) for row in plan.new_contacts])

    async def phone_records(self, plan: Plan, number_ids: Mapping[str, UUID]) -> None:
        changed = [
            self._row(record_id, label=label, position=position) for record_id, label, position in plan.phone_records
        ]
        await update_together(self.session, PhoneRecord, changed)
        # One by one, in their order: a record may take the number that another of its holder has just left.
        for record_id, number in plan.renumbered:
            unknown = self._opt_in(OptInRow(record_id, OptInState.UNKNOWN.value))
            await update_together(self.session, PhoneRecord, [{**unknown, "phone_number_id": number_ids[number]}])
        new = [
            self._row(
                row.id,
                phone_number_id=number_ids[row.number],
                contact_id=row.contact_id,
                staff_member_id=row.staff_member_id,
                label=row.label,
                position=row.position,
                opt_in_state=OptInState.UNKNOWN.value,
            )
            for row in plan.new_phone_records
        ]
        await insert_together(self.session, PhoneRecord, new)
        opted_in = [row.id for row in plan.opt_ins if row.opt_in_state == OptInState.OPTED_IN.value]
        made = [row.id for row in plan.new_phone_records]
        await note_signups(self.session, self.organization_id, opted_in, new=made)
        await update_together(self.session, PhoneRecord, [self._opt_in(row) for row in plan.opt_ins])

    def _opt_in(self, row: OptInRow) -> dict[str, object]:
        changed_by = self.author.as_json()
        return self._row(**row._asdict(), opt_in_changed_at=self.at, opt_in_changed_by=changed_by)


def _named(row: Mapping[str, object]) -> dict[str, object]:
    """A row by the names of the model's attributes, in place of the columns."""
    return {"metadata_" if name == "metadata" else name: value for name, value in row.items()}


async def _keep_refusals(
    session: AsyncSession,
    organization_id: UUID,
    refusals: Sequence[tuple[RefusalCause, UUID]],
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Write a refusal for each of these records, before it stops saying that it is opted out (OPTIN-REMOVED).

    Their numbers are locked. A standing refusal of the same owner and number becomes this one.
    """
    await session.execute(
        text(
            "INSERT INTO refusals (organization_id, id, phone_number_id, phone_record_id, kind, owner_id, owner_name,"
            " contact_name, changed_at, changed_by, source, cause, removed_at, removed_by)"
            " SELECT DISTINCT ON (record.phone_number_id, coalesce(family.id, staff.id), contact.name)"
            " record.organization_id, given.id, record.phone_number_id, record.id,"
            " CASE WHEN record.contact_id IS NOT NULL THEN 'family' ELSE 'staff_member' END,"
            " coalesce(family.id, staff.id), coalesce(family.name, staff.name), contact.name,"
            " record.opt_in_changed_at, record.opt_in_changed_by, record.opt_in_source, given.cause, :at,"
            " CAST(:removed_by AS jsonb)"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:phone_record_ids AS uuid[]), CAST(:causes AS text[]))"
            " AS given(id, phone_record_id, cause)"
            " JOIN phone_records AS record"
            " ON record.organization_id = :organization_id AND record.id = given.phone_record_id"
            " LEFT JOIN contacts AS contact"
            " ON contact.organization_id = :organization_id AND contact.id = record.contact_id"
            " LEFT JOIN families AS family"
            " ON family.organization_id = :organization_id AND family.id = contact.family_id"
            " LEFT JOIN staff_members AS staff"
            " ON staff.organization_id = :organization_id AND staff.id = record.staff_member_id"
            " WHERE record.opt_in_state = 'opted_out'"
            " ON CONFLICT (organization_id, phone_number_id, kind, owner_id, contact_name) WHERE lifted_at IS NULL"
            " DO UPDATE SET phone_record_id = excluded.phone_record_id, owner_name = excluded.owner_name,"
            " changed_at = excluded.changed_at, changed_by = excluded.changed_by, source = excluded.source,"
            " cause = excluded.cause, removed_at = excluded.removed_at, removed_by = excluded.removed_by"
        ),
        {
            "organization_id": organization_id,
            "ids": [new_id() for _ in refusals],
            "phone_record_ids": [record_id for _, record_id in refusals],
            "causes": [cause.value for cause, _ in refusals],
            "at": at,
            "removed_by": json.dumps(by.as_json()),
        },
    )
