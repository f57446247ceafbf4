"""Random edits by every route: a refused number may be texted again only after a lawful lift."""

import random
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api.access.rules import Permission
from tests.directory.test_import import send_csv, send_ndjson
from tests.support.world import World

API = "/api/v1"
NUMBERS = ("+13125550401", "+13125550402")
NAMES = ("Ana", "\u00c1na ", "Ben")
STATES = ("opted_in", "opted_out", "unknown")
STEPS = 60

Record = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    records: dict[str, tuple[str, str]]
    """Phone record: its number and state."""
    standing: dict[str, tuple[str, str]]
    """Refusal: its number and the phone record that it was on."""
    lifted: set[str]

    @classmethod
    async def of(cls, world: World) -> "Snapshot":
        records = await world.rows(
            "SELECT record.id, number, opt_in_state FROM phone_records AS record"
            " JOIN phone_numbers AS number ON number.id = phone_number_id"
        )
        refusals = await world.rows(
            "SELECT refusal.id, number, phone_record_id, lifted_at IS NOT NULL FROM refusals AS refusal"
            " JOIN phone_numbers AS number ON number.id = phone_number_id"
        )
        return cls(
            {str(each[0]): (each[1], each[2]) for each in records},
            {str(each[0]): (each[1], str(each[2])) for each in refusals if not each[3]},
            {str(each[0]) for each in refusals if each[3]},
        )


def unlawful(before: Snapshot, after: Snapshot, *, may_consent: bool, lifting: bool) -> list[str]:
    """Violations of OPTIN-REMOVED and OPTIN-WHO by a step."""
    wrong: list[str] = []
    kept = set(after.standing.values())
    for record, (number, state) in before.records.items():
        now = after.records.get(record)
        holds = now in ((number, "opted_out"), (number, "opted_in"))
        if state == "opted_out" and not holds and (number, record) not in kept:
            wrong.append(f"the refusal of {record} on {number} is lost: {now}")
    for record, (number, state) in after.records.items():
        if state == "opted_in" and before.records.get(record) != (number, "opted_in") and not may_consent:
            wrong.append(f"{record} on {number} was opted in by somebody who may not")
    if (after.lifted - before.lifted) and not (lifting and may_consent):
        wrong.append(f"{after.lifted - before.lifted} was lifted on the way")
    if set(before.standing) - set(after.standing) - after.lifted:
        wrong.append("a standing refusal is gone")
    return wrong


class Dice:
    """Random requests about one family."""

    def __init__(self, world: World, family: Record, seed: int) -> None:
        self.world, self.family, self.random = world, family, random.Random(seed)

    def record(self, number: str) -> Record:
        record: Record = {"phone_number": number}
        if self.random.random() < 0.6:
            record["opt_in"] = {"state": self.random.choice(STATES), "source": "verbal"}
        return record

    def contacts(self) -> list[Record]:
        names = self.random.sample(NAMES, self.random.randint(0, 2))
        return [
            {"name": name, "phone_records": [self.record(n) for n in self.random.sample(NUMBERS, k=1)]}
            for name in names
        ]

    async def contacts_with_ids(self) -> list[Record]:
        """The stored contacts, some of their records renumbered, restated or left out."""
        stored = (await self.world.admin.get(f"{API}/families/{self.family['id']}")).json()["contacts"]
        contacts = [
            {
                "id": contact["id"],
                "name": contact["name"],
                "phone_records": [
                    {"id": record["id"]} | self.record(self.random.choice((*NUMBERS, record["phone_number"])))
                    for record in contact["phone_records"][:1]
                ],
            }
            for contact in stored
            if self.random.random() < 0.85
        ]
        return contacts or self.contacts()

    async def step(self, client: httpx.AsyncClient, before: Snapshot) -> tuple[str, httpx.Response]:
        family_id, contacts = self.family["id"], self.contacts()
        match self.random.choice(
            ["ids", "ids", "patch", "put", "csv", "ndjson", "opt-in", "opt-in", "lift", "archive"]
        ):
            case "ids":
                body: Record = {"contacts": await self.contacts_with_ids()}
                return "ids", await client.patch(f"{API}/families/{family_id}", json=body)
            case "patch":
                return "patch", await client.patch(f"{API}/families/{family_id}", json={"contacts": contacts})
            case "put":
                body = {"name": "Rivera", "contacts": contacts}
                return "put", await client.put(f"{API}/families/by-external-id/F-1", json=body)
            case "csv":
                state = self.random.choice(("", *STATES))
                row = f"family,F-1,Rivera,{self.random.choice(NAMES)},,{self.random.choice(NUMBERS)},,{state},,,,"
                return "csv", await send_csv(client, row, partial=self.random.random() < 0.5)
            case "ndjson":
                line = {"kind": "family", "external_id": "F-1", "name": "Rivera", "contacts": contacts}
                return "ndjson", await send_ndjson(client, line)
            case "opt-in" if before.records:
                record = self.random.choice(sorted(before.records))
                change: Record = {"state": self.random.choice(STATES), "source": "verbal"}
                if self.random.random() < 0.3:
                    change["replaces_refusals"] = sorted(before.standing)[:1]
                return "opt-in", await client.put(f"{API}/phone-records/{record}/opt-in", json=change)
            case "lift" if before.standing:
                refusal, (number, _) = self.random.choice(sorted(before.standing.items()))
                records = sorted(before.records)
                lift: Record = {"reason": "A mistake."}
                if records and self.random.random() < 0.5:
                    lift = {"replaced_by": self.random.choice(records)}
                path = f"{API}/phone-numbers/{number}/refusals/{refusal}/lift"
                return "lift", await client.post(path, json=lift)
            case _:
                body = {"archived": self.random.random() < 0.3}
                return "archive", await client.patch(f"{API}/families/{family_id}", json=body)


@pytest.mark.parametrize("seed", [1, 2])
async def test_OPTIN_REMOVED_and_OPTIN_WHO_no_sequence_of_edits_frees_a_refused_number_unlawfully(
    world: World, seed: int
) -> None:
    new = {"name": "Rivera", "external_id": "F-1", "contacts": []}
    family = (await world.admin.post(f"{API}/families", json=new)).json()
    clients = {
        "admin": (world.admin, True),
        "maria": (world.maria, True),
        "olga": (world.olga, False),
        "daniel": (world.daniel, False),
        "grace": (world.grace, False),
        "a key that keeps records": (await world.api_key(Permission.DIRECTORY, Permission.SMS_LOGS), False),
        "a key that sends": (await world.api_key(Permission.MASS_TEXT, Permission.SMS_LOGS), True),
    }
    dice = Dice(world, family, seed)
    done: dict[str, int] = {}
    before = await Snapshot.of(world)
    for _ in range(STEPS):
        who, (client, may_consent) = dice.random.choice(list(clients.items()))

        what, response = await dice.step(client, before)

        assert response.status_code in (200, 201, 403, 409, 422), response.text
        after = await Snapshot.of(world)
        wrong = unlawful(before, after, may_consent=may_consent, lifting=what in ("opt-in", "lift"))
        assert wrong == [], (who, what, response.request.content)
        for number in NUMBERS:
            check = (await world.daniel.get(f"{API}/opt-in-checks", params={"phone_number": number})).json()
            refused = (number, "opted_out") in after.records.values() or number in {
                n for n, _ in after.standing.values()
            }
            assert (number, check["reason"] == "opted_out") == (number, refused)
        if response.is_success and after != before:
            done[what] = done.get(what, 0) + 1
        before = after
    # A walk without changes or without refusals would prove nothing.
    assert len(done) >= 5, done
    assert before.standing or before.lifted
