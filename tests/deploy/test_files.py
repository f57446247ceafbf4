"""The samples in deploy/ agree with the code and with each other. What needs a program is in `check_*.py`."""

import json
import re
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.settings import Settings
from tests.deploy.prepare import DEPLOY
from tests.support.world import World

DASHBOARD = DEPLOY / "grafana" / "messenger.json"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"

SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
"""Of the names of a metric's figures, by its type. A metric with labels has no figure until something happens."""


def samples() -> list[Path]:
    return [path for path in DEPLOY.rglob("*") if path.is_file()]


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def expressions() -> list[str]:
    alerts = [rule["expr"] for group in read_yaml(ALERTS)["groups"] for rule in group["rules"]]
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return alerts + [target["expr"] for panel in panels for target in panel["targets"]]


async def test_every_metric_of_an_alert_or_a_panel_exists(world: World) -> None:
    await world.admin.get("/api/v1/indicator")
    families = text_string_to_metric_families((await world.admin.get("/metrics")).text)
    exist = {f"{family.name}{suffix}" for family in families for suffix in SUFFIXES.get(family.type, ("",))}
    used = {name for each in expressions() for name in re.findall(r"messenger_\w+", each)}
    assert used
    assert used <= exist


def test_every_setting_that_a_sample_names_exists() -> None:
    exist = {f"MESSENGER_{name.upper()}" for name in Settings.model_fields}
    for path in samples():
        assert set(re.findall(r"\bMESSENGER_[A-Z_]+\b", path.read_text())) <= exist, path


def test_every_yaml_and_json_file_can_be_read() -> None:
    for path in samples():
        if path.suffix in {".yml", ".yaml"}:
            assert read_yaml(path), path
        if path.suffix == ".json":
            assert json.loads(path.read_text()), path


def test_ports_agree() -> None:
    target = (DEPLOY / "systemd" / "messenger.target").read_text()
    ports = re.findall(r"messenger-serve@(\d+)", target)
    assert re.findall(r"server 127\.0\.0\.1:(\d+)", (DEPLOY / "nginx" / "messenger.conf").read_text()) == ports
    upstreams = re.search(r"\$UPSTREAMS:([^}]+)", (DEPLOY / "caddy" / "Caddyfile").read_text())
    assert upstreams is not None
    assert [each.rpartition(":")[2] for each in upstreams[1].split()] == ports
    (scraped,) = read_yaml(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"][0]["static_configs"]
    assert [each.rpartition(":")[2] for each in scraped["targets"]] == [f"1{port}" for port in ports]


def test_proxies_close_idle_connections_before_the_service_does() -> None:
    # Without a configuration of logging, which would be that of every later test.
    ours = uvicorn.Config("api.serve:application", log_config=None).timeout_keep_alive
    for path, pattern in (
        ("nginx/messenger.conf", r"\n    keepalive_timeout (\d+)s"),
        ("caddy/Caddyfile", r"keepalive (\d+)s"),
    ):
        found = re.search(pattern, (DEPLOY / path).read_text())
        assert found is not None, path
        assert int(found[1]) < ours


def test_each_of_our_containers_is_confined() -> None:
    services = read_yaml(DEPLOY / "compose.yaml")["services"]
    for name in ("migrate", "serve-1", "serve-2", "worker-1", "worker-2", "proxy"):
        service = services[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    assert (
        services["serve-1"]["environment"]["MESSENGER_TRUSTED_PROXIES"]
        == (services["proxy"]["networks"]["inside"]["ipv4_address"])
    )
