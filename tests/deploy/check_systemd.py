"""The units: checked by systemd's own tools, and run by a systemd."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deploy.prepare import DEPLOY, IMAGE, ROOT, buildah, output
from tests.deploy.support import HOST, MESSENGER, answers, empty_database, program, reachable, run, until

UNITS = DEPLOY / "systemd"
INSTANCES = ("messenger-serve@8001", "messenger-serve@8002", "messenger-worker@9101", "messenger-worker@9102")
SERVICES = ("messenger-migrate", *INSTANCES)
BACKUP = "messenger-backup"
READY = (
    *("http://127.0.0.1:8001/readyz", "http://127.0.0.1:8002/readyz"),
    *("http://127.0.0.1:9101/healthz", "http://127.0.0.1:9102/healthz"),
)
MAX_EXPOSURE = 1.5
"""Of 10, by `systemd-analyze security`. It is 1.4: they need the network, and a user of their own."""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a `messenger` that is on this machine."""
    folder = tmp_path / "system"
    shutil.copytree(UNITS, folder)
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/messenger/bin/messenger", MESSENGER))
    return folder


@pytest.mark.parametrize(
    "unit", ["messenger.target", "messenger-backup.timer", *(f"{each}.service" for each in (*SERVICES, BACKUP))]
)
def test_systemd_finds_no_fault_with_a_unit(units: Path, unit: str) -> None:
    assert run("systemd-analyze", "verify", "--man=no", units / unit) == ""


@pytest.mark.parametrize("service", [*SERVICES, BACKUP])
def test_a_service_is_exposed_as_little_as_it_can_be(units: Path, service: str) -> None:
    threshold = f"--threshold={MAX_EXPOSURE * 10:.0f}"
    run("systemd-analyze", "security", "--offline=true", "--no-pager", threshold, units / f"{service}.service")


class Machine:
    """Debian with a systemd of its own, in the network of the tests."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def _leader(self) -> str | None:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return children[0] if children else None

    def run(self, *command: str) -> str:
        leader = self._leader()
        assert leader is not None, "systemd-nspawn has ended."
        return run("nsenter", f"--target={leader}", "--mount", "--pid", "--uts", "--ipc", "--root", "--wd=/", *command)

    def shown(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).strip()

    def log(self) -> str:
        return self.run("journalctl", "--no-pager", "--unit=messenger*")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """It has booted into messenger.target: the units as they are, over a database that nothing has migrated."""
    system, etc = tmp_path / "system", tmp_path / "etc"
    shutil.copytree(UNITS, system)
    (system / "multi-user.target.wants").mkdir()
    (system / "multi-user.target.wants" / "messenger.target").symlink_to("/etc/systemd/system/messenger.target")
    etc.mkdir(mode=0o700)
    container = output(buildah("from", "--pull-never", IMAGE))
    image = Path(output(buildah("mount", container)))
    with empty_database() as database, reachable(database, tmp_path) as at_port:
        settings(etc / "messenger.env", at_port.settings)
        settings(etc / "migrate.env", {"MESSENGER_DATABASE_URL": at_port.owner_url})
        command = [
            *(program("systemd-nspawn"), "--quiet", "--boot", "--volatile=overlay", f"--directory={ROOT}"),
            *("--register=no", "--keep-unit", "--console=pipe", "--kill-signal=SIGRTMIN+3"),
            *(f"--bind-ro={image}/opt/messenger:/opt/messenger", f"--bind-ro={etc}:/etc/messenger"),
            f"--bind={system}:/etc/systemd/system",
        ]
        with (tmp_path / "console.log").open("ab") as console:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        try:
            yield Machine(process)
        finally:
            process.terminate()  # nspawn sends its systemd the signal to halt.
            process.wait(60)
            output(buildah("rm", container))


def settings(file: Path, values: dict[str, str]) -> None:
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))


@pytest.mark.timeout(300)
def test_a_systemd_runs_the_target_sandboxed_and_reloads_and_restarts_each_process(machine: Machine) -> None:
    for url in READY:
        until(lambda url=url: answers(url), f"{url} answers")  # type: ignore[misc]
    assert machine.shown("messenger-migrate", "Result") == "success"
    for instance in INSTANCES:
        assert machine.shown(instance, "NRestarts") == "0", machine.log()
        pid = machine.shown(instance, "MainPID")
        status = dict(line.split(":\t", 1) for line in machine.run("cat", f"/proc/{pid}/status").splitlines())
        assert status["Uid"].split()[0] != "0"
        assert (int(status["CapEff"], 16), status["NoNewPrivs"], status["Seccomp"]) == (0, "1", "2")

    # A sign-in checks a password at a low priority, and an import keeps a file in /tmp: both in the sandbox.
    refused = httpx.post(
        "http://127.0.0.1:8001/api/v1/session",
        json={"organization": "gym", "email": "ada@gym.test", "password": "wrong password"},
        headers={"Origin": f"https://{HOST}"},
    )
    assert refused.status_code == 401, refused.text
    figures = httpx.get("http://127.0.0.1:18001/metrics").text
    assert "messenger_worker_heartbeat_age_seconds" in figures

    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=SIGKILL", "messenger-serve@8001")
    until(lambda: machine.shown("messenger-serve@8001", "NRestarts") == "1", "systemd starts it again")
    until(lambda: answers(READY[0]), "it is ready again")

    for instance, url in zip(INSTANCES, READY, strict=True):
        before, started = machine.shown(instance, "MainPID"), machine.shown(instance, "NRestarts")
        machine.run("systemctl", "reload", instance)
        until(lambda each=instance: machine.shown(each, "SubState") == "running", "the reload ends")  # type: ignore[misc]
        assert answers(url)
        assert (machine.shown(instance, "MainPID"), machine.shown(instance, "NRestarts")) == (before, started)
        assert "refused" not in machine.shown(instance, "StatusText"), machine.log()

    machine.run("systemctl", "restart", "messenger-migrate")
    for instance, url, other in zip(INSTANCES, READY, (READY[1], READY[0], READY[3], READY[2]), strict=True):
        before = machine.shown(instance, "MainPID")
        machine.run("systemctl", "restart", instance)
        assert answers(other), "The other one runs on."
        until(lambda url=url: answers(url), f"{instance} is ready again")  # type: ignore[misc]
        assert machine.shown(instance, "MainPID") != before
        assert machine.shown(instance, "Result") == "success", machine.log()

    machine.run("systemctl", "stop", "messenger.target")
    for instance in INSTANCES:
        until(lambda each=instance: machine.shown(each, "ActiveState") == "inactive", "it stops")  # type: ignore[misc]
        assert machine.shown(instance, "Result") == "success", machine.log()
    assert "Traceback" not in machine.log()
