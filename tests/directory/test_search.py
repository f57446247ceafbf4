"""Families and staff members are found as people type them (page 3: `q`; the folding of SEARCH-HOW)."""

import json
import unicodedata
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from api.directory import search_queries
from api.directory.search_rules import digits_of, words_of
from api.kit.folding import FOLD
from tests.support.reliability import size
from tests.support.world import World

API = "/api/v1"


async def found(world: World, q: str, *, path: str = "families", **params: str) -> list[str]:
    """The names, from every page."""
    names: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        response = await world.admin.get(f"{API}/{path}", params={"q": q, **params, **cursor})
        assert response.status_code == 200, (q, response.text)
        page = response.json()
        names += [each["name"] for each in page["items"]]
        if page["next_cursor"] is None:
            return names
        cursor = {"cursor": page["next_cursor"]}


async def add_family(world: World, name: str, contacts: dict[str, Sequence[str]]) -> str:
    body = {
        "name": name,
        "contacts": [
            {"name": contact, "phone_records": [{"phone_number": number} for number in numbers]}
            for contact, numbers in contacts.items()
        ],
    }
    response = await world.admin.post(f"{API}/families", json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


NAMES = {
    "rivera ana": "Rivera",
    "ANA RIVERA": "Rivera",
    "ana luis": "Rivera",
    "  ana\u00a0 rivera ": "Rivera",
    "a\u0301na riv\u200bera": "Rivera",
    "\uff32\uff29\uff36\uff25\uff32\uff21": "Rivera",
    "iver": "Rivera",
    "rivera, ana": "Rivera",
    "maia": "Te M\u0101ia",
    "m\u0101ia te": "Te M\u0101ia",
    "obrien": "Te M\u0101ia",
    "o'brien": "Te M\u0101ia",
    "O\u2019Brien": "Te M\u0101ia",
    "o\u02bbbrien": "Te M\u0101ia",
    "brien": "Te M\u0101ia",
    "strasse": "Stra\u00dfe",
    "aero": "Stra\u00dfe",
    "\u00c6R\u00d8": "Stra\u00dfe",
    "\u5c0f\u660e": "Stra\u00dfe",
    "rivera 0142": "Rivera",
    "rivera nobody": None,
    "...": None,
    "\u200b": None,
    "''": None,
}

NUMBERS = {
    "0142": "Rivera",
    "3125550142": "Rivera",
    "+1 (312) 555-0142": "Rivera",
    "1.312.555.0142": "Rivera",
    "312\u2011555\u20110142": "Rivera",
    "312\u00a0555\u00a00142": "Rivera",
    "\u202a+13125550142\u202c": "Rivera",
    "\uff13\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff12": "Rivera",
    "tel:+13125550142": "Rivera",
    "5550142": "Rivera",
    "255501": "Rivera",
    "+44 (0)7911 123456": "Te M\u0101ia",
    "07911 123456": "Te M\u0101ia",
    "0044 7911 123456": "Te M\u0101ia",
    "011 44 7911 123456": "Te M\u0101ia",
    "7911": "Te M\u0101ia",
    "0143": None,
    "312 555 7911": None,
}


async def test_families_are_found_by_name_and_number_however_they_are_typed(world: World) -> None:
    await add_family(world, "Rivera", {"\u00c1na": ["+13125550142"], "Luis": ["+13125559999"]})
    await add_family(world, "Te M\u0101ia", {"Aroha O\u2019Brien": ["+447911123456"]})
    await add_family(world, "Stra\u00dfe", {"\u00c6r\u00f8 \u738b\u5c0f\u660e": []})
    for q, name in (NAMES | NUMBERS).items():
        assert await found(world, q) == ([] if name is None else [name]), q
    assert len(await found(world, " ")) == 3


async def test_staff_members_are_found_by_name_and_number_however_they_are_typed(world: World) -> None:
    records = [{"phone_number": "+13125550177"}]
    body = {"name": "Zo\u00eb D\u2019Angelo", "email": "zoe@gym.test", "permissions": [], "phone_records": records}
    response = await world.admin.post(f"{API}/staff-members", json=body)
    assert response.status_code == 201, response.text
    for q in ("zoe", "dangelo zo", "D'ANGELO", "0177", "(312)\u00a0555\u20110177", "zo 0177"):
        assert await found(world, q, path="staff-members") == [body["name"]], q
    assert await found(world, "0178", path="staff-members") == []


async def test_a_changed_record_is_found_by_its_new_names_and_numbers(world: World) -> None:
    family_id = await add_family(world, "Rivera", {"Ana": ["+13125550142"]})
    contacts: list[dict[str, Any]] = [{"name": "Berta", "phone_records": [{"phone_number": "+13125550199"}]}]
    changed = await world.admin.patch(f"{API}/families/{family_id}", json={"name": "Okafor", "contacts": contacts})
    assert changed.status_code == 200, changed.text
    for q in ("okafor", "berta okafor", "0199"):
        assert await found(world, q) == ["Okafor"], q
    for q in ("rivera", "ana", "0142"):
        assert await found(world, q) == [], q
    assert (await world.admin.post(f"{API}/families/{family_id}/archive")).status_code == 200
    assert await found(world, "okafor") == []
    assert await found(world, "okafor", archived="true") == ["Okafor"]


async def test_a_number_that_is_corrected_in_place_is_found_as_it_is_now(world: World) -> None:
    """As a migration of stored numbers does it."""
    await add_family(world, "Rivera", {"Ana": ["+13125550142"]})
    await world.rows("UPDATE phone_numbers SET number = '+13125550199' WHERE number = '+13125550142' RETURNING id")
    assert await found(world, "0199") == ["Rivera"]
    assert await found(world, "0142") == []


async def test_imported_records_are_found(world: World) -> None:
    rows = (
        "kind,external_id,name,contact_name,phone_number,email\n"
        "family,F-1,Rivera family,\u00c1na,312-555-0142,\nstaff_member,S-1,Zo\u00eb,,312-555-0177,zoe@gym.test\n"
    )
    response = await world.admin.post(
        f"{API}/directory/import", content=rows.encode(), headers={"Content-Type": "text/csv"}
    )
    assert response.status_code == 200, response.text
    assert await found(world, "family ana 0142") == ["Rivera family"]
    assert await found(world, "zoe", path="staff-members") == ["Zo\u00eb"]
    assert await found(world, "5550177", path="staff-members") == ["Zo\u00eb"]
    again = await world.admin.post(
        f"{API}/directory/import",
        content=rows.replace("\u00c1na", "Berta").replace("0142", "0188").encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert again.status_code == 200, again.text
    assert await found(world, "berta 0188") == ["Rivera family"]
    assert await found(world, "0142") == []


async def test_PERM_TENANT_another_business_s_records_are_not_found(world: World) -> None:
    neighbour = await World.create(world.service)
    await add_family(neighbour, "Rivera", {"Ana": ["+13125550142"]})
    for q in ("rivera", "ana", "0142"):
        assert await found(world, q) == [], q
        assert await found(neighbour, q) == ["Rivera"], q


async def test_a_query_is_bounded(world: World) -> None:
    assert (await world.admin.get(f"{API}/families", params={"q": "x" * 101})).status_code == 422
    await add_family(world, "Rivera", {"Ana": []})
    for q in (
        " ".join("abcdefghijklmnopqrstuvwxyzbdfhjlnprtvxzaceg"),
        "\u5c0f" * 100,
        "1 " * 50,
        "\ufdfa" * 100,
    ):
        assert await found(world, q) == [], q


async def test_a_family_with_more_words_than_an_index_takes_is_stored_and_found(world: World) -> None:
    """No name from outside can fail a write: what a tsvector holds is bounded."""
    name = "".join(chr(0x10400 + n % 40) for n in range(200))
    contacts: dict[str, list[str]] = {f"{name[n:]} {name[:n]}"[:200]: [] for n in range(1, 51)}
    await add_family(world, "Rivera", {**dict(list(contacts.items())[:49]), "Ana": []})
    assert await found(world, "rivera") == ["Rivera"]


# An oracle: a plain scan over all records, which looks at every name and number.

WORDS = [
    *("Rivera", "Riv\u00e8re", "Okafor", "O\u2019Brien", "O'Neil", "Smith-Jones", "M\u0101ia", "de", "la", "Cruz"),
    *("Stra\u00dfe", "\u00c6r\u00f8", "Ana", "\u00c1na", "Anaya", "Luis", "Lu", "Zo\u00eb", "A", "312"),
    *("\u738b\u5c0f\u660e", "\u0414\u043c\u0438\u0442\u0440\u0438\u0439", "\uac15", "\u0930\u0935\u093f"),
    *("Pneumonoultramicroscopic", "Pneumonoultramicroscopics"),
]


def plainly_matches(names: Sequence[str], numbers: Sequence[str], q: str) -> bool:
    words = [word[:20] for name in names for word in "".join(FOLD[ord(c)] for c in name).split(" ") if word]

    def has(word: str, *, or_number: bool) -> bool:
        is_digits = word.isascii() and word.isdecimal() and len(word) >= 3
        number_part = (word.lstrip("0") or word) if or_number and is_digits else None
        return any(word in each for each in words) or any(number_part in each for each in numbers if number_part)

    digits = digits_of(q)
    asked = words_of(q)
    by_name = bool(asked) and all(has(word, or_number=digits is None) for word in asked)
    return by_name or any((digits.lstrip("0") or digits) in number for number in numbers if digits)


def typed(random: Random, text: str) -> str:
    """The same as somebody might type it."""
    words = text.split()
    random.shuffle(words)
    text = random.choice([" ", "  ", "\u00a0", ", "]).join(words)
    text = random.choice([text.upper(), text.lower(), text.title(), text])
    text = unicodedata.normalize(random.choice(["NFC", "NFD", "NFKC", "NFKD"]), text)
    if random.random() < 0.3:
        text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    for apostrophe in "'\u2019":
        text = text.replace(apostrophe, random.choice(["'", "\u2019", "\u02bc", "", "`"]))
    if random.random() < 0.3:
        place = random.randrange(len(text) + 1)
        text = text[:place] + random.choice(["\u200b", "\u00ad", "\u2060", "\ufe0f"]) + text[place:]
    return text


def spelled(random: Random, number: str) -> str:
    """A number of the United States as somebody might paste it."""
    dash = random.choice(["-", "\u2011", ".", " ", "\u00a0", ""])
    national = dash.join([number[2:5], number[5:8], number[8:]])
    text = random.choice(
        [national, f"+1{dash}{national}", f"tel:+1{dash}{national}", f"1 ({number[2:5]}) {number[5:]}"]
    )
    if random.random() < 0.3:
        text = "".join(chr(ord(c) + 0xFEE0) if c.isdecimal() else c for c in text)
    return random.choice([text, f"\u202a{text}\u202c", f" {text}\ufeff"])


@pytest.mark.timeout(120)
@pytest.mark.reliability
async def test_random_records_are_found_as_typed_and_as_a_plain_scan_finds_them(world: World) -> None:
    random = Random(20261127)
    families: list[dict[str, Any]] = []
    for number in range(60):
        contacts: list[dict[str, Any]] = [
            {
                "name": " ".join(random.sample(WORDS, random.randint(1, 2))),
                "phone_records": [{"phone_number": f"+1312555{random.randrange(10_000):04}"}],
            }
            for _ in range(random.randint(0, 2))
        ]
        name = " ".join(random.sample(WORDS, random.randint(1, 3)))
        families.append({"kind": "family", "external_id": f"F-{number}", "name": name, "contacts": contacts})
    lines = "".join(json.dumps(each) + "\n" for each in families)
    headers = {"Content-Type": "application/x-ndjson"}
    response = await world.admin.post(f"{API}/directory/import", content=lines.encode(), headers=headers)
    assert response.status_code == 200, response.text
    records: dict[str, tuple[list[str], list[str]]] = {
        item["id"]: (
            [family["name"], *(each["name"] for each in family["contacts"])],
            [record["phone_number"][1:] for each in family["contacts"] for record in each["phone_records"]],
        )
        for item, family in zip(response.json()["items"], families, strict=True)
    }
    for _ in range(size(quick=80, full=200)):
        names, numbers = random.choice(list(records.values()))
        whole = random.choice(names) if random.random() < 0.6 else " ".join(random.sample(names, min(2, len(names))))
        if numbers and random.random() < 0.3:
            q = spelled(random, f"+{random.choice(numbers)}")
            whole_query = True
        else:
            q, whole_query = typed(random, whole), True
            if random.random() < 0.4:
                start = random.randrange(len(q))
                q, whole_query = q[start : start + random.randint(1, 8)], False
        if len(q) > 100 or not q.strip():
            continue
        response = await world.admin.get(f"{API}/families", params={"q": q, "limit": "200"})
        assert response.status_code == 200, (q, response.text)
        ids = {each["id"] for each in response.json()["items"]}
        expected = {each for each, (given, owned) in records.items() if plainly_matches(given, owned, q)}
        assert ids == expected, q
        if whole_query:
            assert any(records[each][0] is names for each in ids), (q, names)


async def test_the_database_folds_as_the_service_does(world: World) -> None:
    """One folding: the table in the database is the service's, for every character there is."""
    rows = await world.rows("SELECT first, last, text, is_alone FROM text_folding ORDER BY first")
    expected = {}
    for first, last, text, is_alone in rows:
        for code in range(first, last + 1):
            character = chr(code)
            expected[code] = f" {character} " if is_alone else character if text is None else text
    for code in (*range(1, 0xD800), *range(0xE000, 0x40000), *range(0xE0000, 0xE0200)):
        assert FOLD[code] == expected.get(code, " "), hex(code)


async def test_the_database_takes_names_apart_as_the_service_does(world: World) -> None:
    random = Random(1)
    blocks = [range(0x20, 0x250), range(0x300, 0x370), range(0x370, 0x600), range(0x900, 0x980), range(0xE00, 0xE80)]
    blocks += [range(0x1E00, 0x2100), range(0x3040, 0x3100), range(0xAC00, 0xAC80), range(0xFF00, 0xFF60)]
    names = [
        "".join(chr(random.choice(random.choice(blocks))) for _ in range(random.randint(1, 12))) for _ in range(500)
    ]
    names += ["".join(map(chr, block)) for block in blocks] + ["Ana\tRivera\n", "\ufdfa", "\U0001f600x"]
    rows = await world.rows(
        "SELECT given, folded_text(given) FROM unnest(CAST(:names AS text[])) AS given", names=names
    )
    for name, folded in rows:
        assert folded == name.translate(FOLD), (name, folded)


async def test_a_common_word_is_paged_in_order_and_whole(world: World) -> None:
    for number in range(30):
        await add_family(world, f"Rivera {number % 7}", {"Ana": []})
    names = await found(world, "rivera", limit="7")
    assert len(names) == 30
    assert names == sorted(names)


async def test_a_page_of_large_families_has_fewer_and_none_is_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work in proportion to what is stored is bounded: a family may have 2,500 numbers, and a page 200 families."""
    monkeypatch.setattr(search_queries, "PAGE_RECORDS", 4)
    for number, contacts in enumerate((3, 1, 0, 5, 1, 1)):
        await add_family(world, f"Rivera {number}", {f"Ana {contact}": [] for contact in range(contacts)})
    first = (await world.admin.get(f"{API}/families", params={"q": "rivera", "limit": "200"})).json()
    assert [each["name"] for each in first["items"]] == ["Rivera 0", "Rivera 1", "Rivera 2"]
    assert await found(world, "rivera") == [f"Rivera {number}" for number in range(6)]
