"""Settings: a wrong value stops the start with one clear line that names the variable (page 3)."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import Environment, LogFormat, SettingsError, load_settings

LONG_KEY = "k" * 32
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": LONG_KEY,
    "PUBLIC_URL": "https://text.example.com",
    "TRUSTED_PROXIES": "none",
}
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the environment's nor those of a `.env` beside the code."""
    for name in list(os.environ):
        if name.startswith("MESSENGER_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_everything_has_a_default_for_a_first_start() -> None:
    settings = load_settings()
    assert settings.environment is Environment.DEVELOPMENT
    assert settings.database_url is None
    assert settings.data_dir == Path(".data")
    assert settings.port == 8000
    assert settings.simulator_port == 8025
    assert settings.workers == 1
    assert settings.demo is True
    assert (settings.viewer_lease_seconds, settings.seen_deadline_seconds) == (30, 20)


def test_media_hosts_are_host_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().media_hosts == ()
    monkeypatch.setenv("MESSENGER_MEDIA_HOSTS", " Media.Example.com, files.example.org,")
    assert load_settings().media_hosts == ("media.example.com", "files.example.org")
    for wrong in ("https://media.example.com", "media.example.com/x", "media.example.com:8443", "localhost", "*"):
        monkeypatch.setenv("MESSENGER_MEDIA_HOSTS", wrong)
        with pytest.raises(SettingsError, match="MESSENGER_MEDIA_HOSTS: use names of hosts"):
            load_settings()


def test_every_setting_of_the_contract_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql://user:pass@db/messenger",
        "DATA_DIR": "/srv/messenger",
        "HOST": "0.0.0.0",
        "PORT": "9000",
        "PUBLIC_URL": "https://text.example.com/",
        "SECRET_KEY": LONG_KEY,
        "SECRET_KEY_PREVIOUS": "a key of before",
        "TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::1",
        "ENVIRONMENT": "production",
        "WORKERS": "4",
        "LOG_LEVEL": "WARNING",
        "LOG_FORMAT": "json",
        "SIMULATOR_PORT": "9025",
        "TWILIO_API_URL": "http://127.0.0.1:9025",
        "TELNYX_API_URL": "http://127.0.0.1:9026",
        "BANDWIDTH_API_URL": "http://127.0.0.1:9027",
        "BANDWIDTH_TOKEN_URL": "http://127.0.0.1:9027/token",
        "VIEWER_LEASE_SECONDS": "3.5",
        "SEEN_DEADLINE_SECONDS": "2",
        "SEND_LEASE_SECONDS": "6",
        "DEMO": "0",
    }.items():
        monkeypatch.setenv(f"MESSENGER_{name}", value)
    settings = load_settings()
    assert settings.database_url == "postgresql+asyncpg://user:pass@db/messenger"
    assert settings.data_dir == Path("/srv/messenger")
    assert (settings.host, settings.port, settings.workers) == ("0.0.0.0", 9000, 4)
    assert settings.public_base_url == "https://text.example.com"
    assert settings.secure_cookies
    assert settings.resolved_secret_key() == LONG_KEY
    assert settings.secret_key_previous is not None
    assert [str(each) for each in settings.trusted_proxies or ()] == ["10.0.0.0/8", "2001:db8::1/128"]
    assert settings.environment is Environment.PRODUCTION
    assert (settings.log_level, settings.log_format) == ("warning", LogFormat.JSON)
    assert (settings.simulator_port, settings.twilio_api_url) == (9025, "http://127.0.0.1:9025")
    assert (settings.telnyx_api_url, settings.bandwidth_api_url) == ("http://127.0.0.1:9026", "http://127.0.0.1:9027")
    assert settings.bandwidth_token_url == "http://127.0.0.1:9027/token"
    assert settings.viewer_lease_seconds == 3.5
    assert (settings.seen_deadline_seconds, settings.send_lease_seconds) == (2, 6)
    assert settings.demo is False


def test_the_environment_overrides_a_dotenv_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MESSENGER_PORT=9001\nMESSENGER_WORKERS=2\nSOMETHING_ELSE=x\n")
    monkeypatch.setenv("MESSENGER_WORKERS", "3")
    assert (load_settings().port, load_settings().workers) == (9001, 3)


WRONG = [
    ("ENVIRONMENT", "staging"),
    ("ENVIRONMENT", ""),
    ("DATABASE_URL", "mysql://db/messenger"),
    ("DATABASE_URL", "sqlite:///messenger.db"),
    ("DATABASE_URL", "db/messenger"),
    ("PORT", "http"),
    ("PORT", ""),
    ("PORT", "-1"),
    ("PORT", "65536"),
    ("PUBLIC_URL", "text.example.com"),
    ("PUBLIC_URL", "ftp://text.example.com"),
    ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", ""),
    ("PUBLIC_URL", "http://[::1"),
    ("PUBLIC_URL", "https://text.example.com:port"),
    ("PUBLIC_URL", "https://text.example.com:99999"),
    ("WORKERS", "0"),
    ("WORKERS", "65"),
    ("WORKERS", "many"),
    ("LOG_LEVEL", "loud"),
    ("LOG_FORMAT", "xml"),
    ("DEMO", "perhaps"),
    ("SIMULATOR_PORT", "0"),
    ("TWILIO_API_URL", "api.twilio.com"),
    ("TELNYX_API_URL", "api.telnyx.com"),
    ("BANDWIDTH_API_URL", ""),
    ("BANDWIDTH_TOKEN_URL", "api.bandwidth.com"),
    ("VIEWER_LEASE_SECONDS", "0"),
    ("VIEWER_LEASE_SECONDS", "30s"),
    ("VIEWER_LEASE_SECONDS", "nan"),
    ("SEEN_DEADLINE_SECONDS", "-1"),
    ("SEEN_DEADLINE_SECONDS", "inf"),
    ("SEND_LEASE_SECONDS", "0"),
    ("SEND_LEASE_SECONDS", "inf"),
    ("DATABASE_POOL_SIZE", "0"),
    ("TRUSTED_PROXIES", "proxy.example.com"),
    ("TRUSTED_PROXIES", "*"),
    ("TRUSTED_PROXIES", "0.0.0.0/0"),
    ("TRUSTED_PROXIES", "::/0"),
    ("TRUSTED_PROXIES", "10.0.0.1,"),
    ("TRUSTED_PROXIES", "10.0.0.1 10.0.0.2"),
    ("TRUSTED_PROXIES", "none, 10.0.0.1"),
    ("TRUSTED_PROXIES", "10.0.0.0/40"),
    ("DATABASE_POOL_SIZE", "1"),
    ("HANG_SECONDS", "-1"),
    ("HANG_SECONDS", "inf"),
    ("WORKER_PORT", "0"),
    ("WORKER_PORT", "http"),
    ("METRICS_PORT", "65536"),
    ("FAULT_IN_EVENT", "hang"),
    ("FAULT_IN_EVENT", "sleep:text"),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}={value}" for name, value in WRONG])
def test_a_wrong_value_gives_one_clear_line_that_names_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MESSENGER_{name}", value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    line = str(refused.value)
    assert len(line.splitlines()) == 1
    assert f"MESSENGER_{name}: " in line
    assert "Value error" not in line


def test_several_wrong_values_are_all_named_in_the_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSENGER_PORT", "http")
    monkeypatch.setenv("MESSENGER_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match=r"^[^\n]*MESSENGER_PORT: [^\n]*MESSENGER_LOG_LEVEL: [^\n]*$"):
        load_settings()


def test_a_wrong_value_never_shows_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSENGER_DATABASE_URL", "mysql://user:hunter2@db/messenger")
    monkeypatch.setenv("MESSENGER_SECRET_KEY", "hunter3")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "hunter" not in str(refused.value)
    monkeypatch.delenv("MESSENGER_DATABASE_URL")
    assert "hunter" not in repr(load_settings())


def in_production(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> None:
    for name, value in {**PRODUCTION, **changes}.items():
        if value is not None:
            monkeypatch.setenv(f"MESSENGER_{name}", value)


@pytest.mark.parametrize("missing", [["SECRET_KEY"], ["PUBLIC_URL"], ["TRUSTED_PROXIES"], [*PRODUCTION][1:]])
@pytest.mark.parametrize("as_written", [None, "", " "])
def test_production_names_what_it_needs_and_lacks(
    missing: list[str], as_written: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An address that is empty is refused as an address, whatever the environment.
    in_production(monkeypatch, **{name: None if name == "PUBLIC_URL" else as_written for name in missing})
    with pytest.raises(SettingsError) as refused:
        load_settings()
    line = str(refused.value)
    assert len(line.splitlines()) == 1
    assert [name for name in PRODUCTION if f"MESSENGER_{name}" in line] == missing


@pytest.mark.parametrize(("written", "networks"), [("none", 0), ("None", 0), ("10.0.0.1", 1), ("10.0.0.1,::1", 2)])
def test_production_starts_with_trusted_proxies_or_none(
    written: str, networks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_production(monkeypatch, TRUSTED_PROXIES=written)
    assert len(load_settings().trusted_proxies or ()) == networks


@pytest.mark.parametrize("key", ["k", "k" * 31, f" {'k' * 31} ", "ā" * 15])
def test_production_needs_a_secret_key_of_32_bytes(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    in_production(monkeypatch, SECRET_KEY=key)
    with pytest.raises(SettingsError, match=r"^.*MESSENGER_SECRET_KEY of at least 32 bytes.*$"):
        load_settings()


def test_the_previous_secret_key_may_be_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise nobody could replace a short key."""
    in_production(monkeypatch, SECRET_KEY="ā" * 16, SECRET_KEY_PREVIOUS="short")
    assert load_settings().is_production


def test_production_has_no_demo_and_refuses_one(monkeypatch: pytest.MonkeyPatch) -> None:
    in_production(monkeypatch)
    assert load_settings().demo is False
    monkeypatch.setenv("MESSENGER_DEMO", "1")
    with pytest.raises(SettingsError, match=r"^.*production refuses MESSENGER_DEMO.*$"):
        load_settings()


def test_production_refuses_to_make_processes_hang_or_die(monkeypatch: pytest.MonkeyPatch) -> None:
    in_production(monkeypatch)
    with pytest.raises(SettingsError, match=r"^.*production refuses MESSENGER_CRASH_AT.*$"):
        load_settings(crash_at="post.written")
    with pytest.raises(SettingsError, match=r"^.*production refuses MESSENGER_FAULT_IN_EVENT.*$"):
        load_settings(fault_in_event="hang:text")


@pytest.mark.parametrize("given", ["post.written:0", "post.written:", "Post Written", ""])
def test_a_crash_point_is_a_name_with_an_optional_number(given: str) -> None:
    with pytest.raises(SettingsError, match="MESSENGER_CRASH_AT"):
        load_settings(crash_at=given)


@pytest.mark.parametrize("spelling", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_scheme_of_postgresql_is_accepted(spelling: str) -> None:
    assert load_settings(database_url=f"{spelling}://db/m").database_url == "postgresql+asyncpg://db/m"


def test_an_empty_database_address_means_the_embedded_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSENGER_DATABASE_URL", "")
    assert load_settings().database_url is None


def test_without_a_public_address_providers_call_this_machine() -> None:
    settings = load_settings(port=8123)
    assert settings.public_base_url == "http://127.0.0.1:8123"
    assert not settings.secure_cookies


def test_settings_cannot_be_changed_while_the_service_runs() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


# The generated secret key.


def test_outside_production_the_secret_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    data_dir = tmp_path / "not" / "there" / "yet"
    key = load_settings(data_dir=data_dir).resolved_secret_key()
    assert len(key) >= 43, "256 random bits"
    assert [path.name for path in data_dir.iterdir()] == ["secret-key"]
    assert stat.S_IMODE((data_dir / "secret-key").stat().st_mode) == 0o600
    assert load_settings(data_dir=data_dir).resolved_secret_key() == key
    assert load_settings(data_dir=tmp_path / "elsewhere").resolved_secret_key() != key


def test_a_set_secret_key_is_used_and_writes_no_file(tmp_path: Path) -> None:
    assert load_settings(secret_key="given", data_dir=tmp_path).resolved_secret_key() == "given"
    assert list(tmp_path.iterdir()) == []


def test_an_empty_secret_key_counts_as_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`MESSENGER_SECRET_KEY=` in a file of settings must not encrypt credentials with nothing."""
    monkeypatch.setenv("MESSENGER_SECRET_KEY", "")
    assert load_settings(data_dir=tmp_path).resolved_secret_key() != ""


START_AT_ONCE = """
import os, sys
from pathlib import Path
from api.settings import Settings

for attempt in range(5):
    settings = Settings(data_dir=Path(sys.argv[1]) / str(attempt))
    wait, go = os.pipe()
    processes = []
    for _ in range(6):
        process = os.fork()
        if process == 0:
            try:
                os.close(go)
                os.read(wait, 1)  # Returns for all of them at once, when the last writer closes it.
                os.write(1, f"{attempt} {settings.resolved_secret_key()}\\n".encode())  # One write, never mixed.
                os._exit(0)
            finally:
                os._exit(1)
        processes.append(process)
    os.close(go)
    if any(os.waitpid(process, 0)[1] for process in processes):
        sys.exit("A process failed.")
"""


def test_processes_that_start_at_once_agree_on_one_secret_key(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", START_AT_ONCE, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    answers = [line.split(" ") for line in ran.stdout.splitlines()]
    assert len(answers) == 5 * 6
    for attempt in range(5):
        stored = (tmp_path / str(attempt) / "secret-key").read_text()
        assert {key for number, key in answers if number == str(attempt)} == {stored}
        assert [path.name for path in (tmp_path / str(attempt)).iterdir()] == ["secret-key"], "no candidate is left"


@pytest.mark.parametrize(
    ("name", "named"), [("TRUSTED_PROXIES", "your proxy"), ("WEBHOOK_PRIVATE_NETWORKS", "your private")]
)
def test_a_network_of_every_address_is_refused_in_the_words_of_its_setting(
    name: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MESSENGER_{name}", "0.0.0.0/0")

    with pytest.raises(SettingsError, match=named):
        load_settings()
