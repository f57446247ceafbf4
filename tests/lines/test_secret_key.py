"""The secret key: a start with the wrong one is refused, and it is replaced without a standstill."""

import json
import os
import subprocess
from itertools import product
from pathlib import Path

import pytest

from api.kit.database import Database
from api.kit.secrets import SecretBox
from api.lines import queries, secret_key
from api.lines.secret_key import WrongSecretKeyError, check_secret_key, rotate_secret_key
from tests.support import postgres
from tests.support.stack import MESSENGER
from tests.support.statements import execute
from tests.support.world import World

OLD, NEW, OTHER = "the key of before", "the key from now on", "somebody else's key"
CREDENTIALS = {"account_sid": "AC1", "auth_token": "t0ken"}


def add_lines(clone: postgres.Database, *sealed: bytes) -> None:
    execute(
        clone.owner_url,
        "INSERT INTO organizations (id, slug, name, country, timezone)"
        " VALUES (gen_random_uuid(), 'gym', 'Gym', 'US', 'UTC') ON CONFLICT DO NOTHING",
        *(
            "INSERT INTO lines (organization_id, id, label, phone_number, kind, country, provider, sealed_credentials)"
            f" SELECT id, gen_random_uuid(), 'Desk', gen_random_uuid()::text, 'long_code', 'US', 'twilio',"
            f" '\\x{each.hex()}' FROM organizations"
            for each in sealed
        ),
    )


async def stored_under(database: Database) -> list[str]:
    """The key of each line's credentials."""
    boxes = {key: SecretBox(key) for key in (OLD, NEW, OTHER)}
    async with database.transaction() as session:
        sealed = await queries.sealed_credentials(session, after=None, limit=1_000)
    return sorted(key for _, each in sealed for key, box in boxes.items() if box.is_current(each))


async def starts(database: Database, *keys: str) -> bool:
    try:
        await check_secret_key(database, SecretBox(*keys))
    except WrongSecretKeyError:
        return False
    return True


async def test_the_first_start_decides_the_key_and_another_is_refused_from_then_on(database: Database) -> None:
    assert await starts(database, OLD)
    assert await starts(database, OLD)
    assert not await starts(database, OTHER)
    assert not await starts(database, OTHER, NEW)
    assert await starts(database, OLD), "a refused start changes nothing"


async def test_a_first_start_with_another_key_than_the_lines_is_refused(
    clone: postgres.Database, database: Database
) -> None:
    add_lines(clone, SecretBox(OTHER).seal(CREDENTIALS), *[SecretBox(OLD).seal(CREDENTIALS)] * 2)
    assert not await starts(database, NEW)
    assert await starts(database, NEW, OLD)
    assert not await starts(database, NEW), "what is stored is still of the key of before"
    assert await starts(database, OLD), "one line's credentials are of a key that is lost: it can be entered again"


@pytest.mark.parametrize(("rotated", "current"), [*product([False, True], [OLD, NEW])])
async def test_while_it_is_replaced_processes_of_either_key_start_when_they_know_both(
    clone: postgres.Database, database: Database, rotated: bool, current: str
) -> None:
    add_lines(clone, SecretBox(OLD).seal(CREDENTIALS))
    assert await starts(database, OLD)
    if rotated:
        await rotate_secret_key(database, SecretBox(NEW, OLD))
    assert await starts(database, current, OLD if current == NEW else NEW)
    assert await starts(database, current) is (current == (NEW if rotated else OLD))


async def test_a_rotation_encrypts_every_line_anew_and_can_be_repeated(
    clone: postgres.Database, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_key, "BATCH", 3)
    old, new = SecretBox(OLD), SecretBox(NEW)
    add_lines(clone, *(old.seal(CREDENTIALS) for _ in range(7)), *(new.seal(CREDENTIALS) for _ in range(2)))
    await check_secret_key(database, old)

    first = await rotate_secret_key(database, SecretBox(NEW, OLD))
    again = await rotate_secret_key(database, SecretBox(NEW, OLD))

    assert (first.rotated, first.were_current, first.unreadable) == (7, 2, [])
    assert (again.rotated, again.were_current, again.unreadable) == (0, 9, [])
    assert await stored_under(database) == [NEW] * 9
    async with database.transaction() as session:
        for _, sealed in await queries.sealed_credentials(session, after=None, limit=100):
            assert new.open(sealed) == CREDENTIALS


async def test_a_rotation_that_was_interrupted_goes_on(
    clone: postgres.Database, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_key, "BATCH", 2)
    add_lines(clone, *(SecretBox(OLD).seal(CREDENTIALS) for _ in range(5)))
    both = SecretBox(NEW, OLD)
    await check_secret_key(database, SecretBox(OLD))
    reseal = queries.reseal
    done: list[object] = []

    async def dies(*args: object, **kwargs: object) -> None:
        if len(done) == 3:
            raise RuntimeError("killed")
        done.append(args)
        await reseal(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(queries, "reseal", dies)
    with pytest.raises(RuntimeError):
        await rotate_secret_key(database, both)
    monkeypatch.setattr(queries, "reseal", reseal)
    assert await stored_under(database) == [NEW] * 2 + [OLD] * 3, "a batch is rotated whole or not at all"
    assert await starts(database, OLD), "processes of before run on until it is through"

    assert (await rotate_secret_key(database, both)).rotated == 3


async def test_a_line_that_neither_key_opens_is_named_and_holds_up_no_other(
    clone: postgres.Database, database: Database
) -> None:
    add_lines(clone, SecretBox(OLD).seal(CREDENTIALS), SecretBox(OTHER).seal(CREDENTIALS))
    await check_secret_key(database, SecretBox(OLD))

    rotation = await rotate_secret_key(database, SecretBox(NEW, OLD))

    assert (rotation.rotated, len(rotation.unreadable)) == (1, 1)
    assert await stored_under(database) == sorted([NEW, OTHER])


async def test_a_line_s_new_credentials_are_not_undone_by_a_rotation(
    clone: postgres.Database, database: Database
) -> None:
    add_lines(clone, SecretBox(OLD).seal(CREDENTIALS))
    async with database.transaction() as session:
        ((line_id, sealed),) = await queries.sealed_credentials(session, after=None, limit=1)
    newer = SecretBox(NEW).seal({"auth_token": "newer"})
    execute(clone.owner_url, f"UPDATE lines SET sealed_credentials = '\\x{newer.hex()}'")

    async with database.transaction() as session:
        await queries.reseal(session, line_id, before=sealed, after=b"of before")

    assert await stored_under(database) == [NEW]


async def test_a_rotation_needs_the_key_in_use(clone: postgres.Database, database: Database) -> None:
    add_lines(clone, SecretBox(OLD).seal(CREDENTIALS))
    await check_secret_key(database, SecretBox(OLD))
    for box in (SecretBox(NEW), SecretBox(NEW, OTHER)):
        with pytest.raises(WrongSecretKeyError) as refused:
            await rotate_secret_key(database, box)
        assert len(str(refused.value).splitlines()) == 1
    assert await stored_under(database) == [OLD]


async def test_whoever_has_lost_the_key_in_use_can_begin_with_another(
    clone: postgres.Database, database: Database
) -> None:
    add_lines(clone, SecretBox(OLD).seal(CREDENTIALS))
    assert not await starts(database, NEW)
    await secret_key.replace_lost_secret_key(database, SecretBox(NEW))
    assert await starts(database, NEW)
    assert await stored_under(database) == [OLD], "its credentials are to be entered again"


def run(clone: postgres.Database, folder: Path, *command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MESSENGER_")}
    given = {"DATABASE_URL": clone.url, "DATA_DIR": str(folder), "LOG_LEVEL": "error", **settings}
    environment |= {f"MESSENGER_{name}": value for name, value in given.items()}
    return subprocess.run(
        [MESSENGER, *command], check=False, env=environment, cwd=folder, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("command", ["serve", "worker", "up", "rotate-secret-key"])
async def test_every_command_that_needs_the_key_stops_with_one_line(
    clone: postgres.Database, database: Database, tmp_path: Path, command: str
) -> None:
    await check_secret_key(database, SecretBox(OLD))
    # `up` migrates first, as the owner.
    owner = {"DATABASE_URL": clone.owner_url, "PORT": "0", "SIMULATOR_PORT": "39025"} if command == "up" else {}
    ran = run(clone, tmp_path, command, SECRET_KEY=NEW, **owner)
    assert ran.returncode == 1
    lines = [line for line in ran.stderr.splitlines() if line.startswith("messenger: ")]
    assert len(lines) == 1, ran.stderr
    assert "MESSENGER_SECRET_KEY" in lines[0]
    assert "Traceback" not in ran.stderr


async def test_the_command_says_how_much_it_rotated(
    clone: postgres.Database, database: Database, tmp_path: Path
) -> None:
    add_lines(clone, SecretBox(OLD).seal(CREDENTIALS))
    ran = run(clone, tmp_path, "rotate-secret-key", SECRET_KEY=NEW, SECRET_KEY_PREVIOUS=OLD)
    assert json.loads(ran.stdout) == {"rotated": 1, "were_current": 0, "unreadable": []}
    assert ran.returncode == 0


PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "k" * 32,
    "PUBLIC_URL": "https://text.example.com",
    "TRUSTED_PROXIES": "none",
}


def test_production_refuses_to_make_demo_data(clone: postgres.Database, tmp_path: Path) -> None:
    ran = run(clone, tmp_path, "demo", **PRODUCTION)
    assert ran.returncode == 1
    assert ran.stderr == "messenger: Production refuses demo data: everybody knows the password of the demo.\n"


async def test_lines_of_both_keys_send_and_receive_while_it_is_replaced(world: World) -> None:
    """A process that knows both keys reads what either has stored."""
    box = SecretBox("a key from now on", "a key for tests")
    async with world.service.database.transaction() as session:
        ((_, sealed),) = await queries.sealed_credentials(session, after=None, limit=1)
    assert not box.is_current(sealed)
    assert box.open(sealed) == world.service.secret_box.open(sealed)
    with_both = SecretBox("a key for tests", "a key from now on")
    assert with_both.open(box.seal(CREDENTIALS)) == CREDENTIALS
