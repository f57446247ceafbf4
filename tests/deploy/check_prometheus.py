"""The alerts, by promtool and by a Prometheus that scrapes real processes."""

import shutil
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from tests.deploy.prepare import DEPLOY
from tests.deploy.support import MESSENGER, Apis, empty_database, program, reachable, run, running, until
from tests.deploy.support import command as messenger

PROMETHEUS = DEPLOY / "prometheus"


def test_prometheus_accepts_the_configuration_and_the_rules() -> None:
    run("promtool", "check", "config", PROMETHEUS / "prometheus.yml")


def test_each_alert_does_what_its_tests_say() -> None:
    run("promtool", "test", "rules", "alerts_test.yml", cwd=PROMETHEUS)


def test_a_threshold_that_changes_fails_the_tests_of_the_alerts(tmp_path: Path) -> None:
    rules = (PROMETHEUS / "alerts.yml").read_text()
    (tmp_path / "alerts.yml").write_text(rules.replace("heartbeat_age_seconds) > 30", "heartbeat_age_seconds) > 45"))
    shutil.copy(PROMETHEUS / "alerts_test.yml", tmp_path)
    with pytest.raises(AssertionError, match="MessengerTextsNotLeaving"):
        run("promtool", "test", "rules", "alerts_test.yml", cwd=tmp_path)


@pytest.mark.timeout(240)
def test_when_every_worker_is_killed_prometheus_alerts_within_a_minute(tmp_path: Path) -> None:
    alert = "MessengerTextsNotLeaving"
    with empty_database() as database, reachable(database, tmp_path) as at_port:
        messenger({**at_port.settings, "MESSENGER_DATABASE_URL": at_port.owner_url}, "migrate")
        with (
            Apis.started(at_port.settings, tmp_path) as apis,
            prometheus(tmp_path),
            worker(tmp_path, apis, 9101) as first,
            worker(tmp_path, apis, 9102) as second,
        ):
            until(lambda: values("up") == [1, 1, 1, 1], "all processes are scraped")
            beats = "messenger_worker_heartbeat_age_seconds < 30"
            until(lambda: len(values(beats)) == 4 and not is_firing(alert), "the workers' heartbeats are seen")
            first.kill()
            second.kill()
            killed_at = time.monotonic()
            until(lambda: is_firing(alert), "the alert", seconds=60)
            assert time.monotonic() - killed_at > 20, "One beat missed is no alarm."


def worker(folder: Path, apis: Apis, port: int) -> AbstractContextManager[subprocess.Popen[bytes]]:
    environment = {**apis.environment, "MESSENGER_WORKER_PORT": str(port)}
    return running([MESSENGER, "worker"], folder / "worker.log", environment=environment)


def prometheus(folder: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
    options = [f"--config.file={PROMETHEUS / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'figures'}"]
    return running([program("prometheus"), *options, "--web.listen-address=127.0.0.1:9090"], folder / "prometheus.log")


def values(expression: str) -> list[float]:
    """The values of a PromQL expression at this moment; none while Prometheus starts."""
    try:
        response = httpx.get("http://127.0.0.1:9090/api/v1/query", params={"query": expression})
    except httpx.ConnectError:
        return []
    return [float(each["value"][1]) for each in response.json()["data"]["result"]] if response.is_success else []


def is_firing(alert: str) -> bool:
    return values(f'ALERTS{{alertname="{alert}",alertstate="firing"}}') == [1]
