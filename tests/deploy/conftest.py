"""The service behind each proxy, for the checks of this folder: see prepare.py."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.deploy.prepare import DEPLOY
from tests.deploy.support import (
    CLIENT_ADDRESS,
    HOST,
    PROXY_ADDRESS,
    Apis,
    command,
    empty_database,
    program,
    reachable,
    running,
    until,
)
from tests.support.certificates import self_signed

EMAIL, PASSWORD = "ada@gym.test", "correct horse battery"


@pytest.fixture(scope="module")
def apis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apis]:
    """Two API processes over a new database, set up as docs/production.md says, with a business `gym`."""
    folder = tmp_path_factory.mktemp("apis")
    with empty_database() as database, reachable(database, folder) as at_port:
        as_owner = {**at_port.settings, "MESSENGER_DATABASE_URL": at_port.owner_url}
        command(as_owner, "migrate")
        names = ("--slug", "gym", "--name", "The Gym", "--country", "US", "--timezone", "America/Chicago")
        admin = ("--admin-email", EMAIL, "--admin-name", "Ada", "--password-stdin")
        command(as_owner, "create-organization", *names, *admin, stdin=PASSWORD)
        with Apis.started(at_port.settings, folder) as apis:
            yield apis


@dataclass(frozen=True)
class Behind:
    """The service as people and providers see it: through a proxy, with TLS, under its name."""

    apis: Apis
    trust: ssl.SSLContext

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(
            base_url=f"https://{HOST}",
            headers={"Origin": f"https://{HOST}", **headers},
            transport=_AtProxy(verify=self.trust, local_address=CLIENT_ADDRESS),
            timeout=30,
        )

    @contextmanager
    def administrator(self) -> Iterator[httpx.Client]:
        """Somebody who has signed in as people do."""
        with self.client() as client:
            account = {"organization": "gym", "email": EMAIL, "password": PASSWORD}
            answer = client.post("/api/v1/session", json=account)
            assert answer.is_success, answer.text
            yield client


class _AtProxy(httpx.HTTPTransport):
    """Connects to the proxy's address, whatever the name is."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        there = httpx.Request(
            request.method,
            request.url.copy_with(host=PROXY_ADDRESS),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return super().handle_request(there)


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def behind(request: pytest.FixtureRequest, apis: Apis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """The proxy runs with its sample; only the paths of the certificate and the log are others."""
    folder = tmp_path_factory.mktemp(request.param)
    _, trust = self_signed(HOST, folder)
    start = {"nginx": nginx, "caddy": caddy}[request.param]
    arguments, environment = start(folder, folder / "certificate.pem")
    log = folder / "proxy.log"
    behind = Behind(apis, trust)
    with running([program(request.param), *arguments], log, environment=environment):
        until(lambda: _is_up(behind), "the proxy answers")
        yield behind


def _is_up(behind: Behind) -> bool:
    try:
        with behind.client() as client:
            return client.get("/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def nginx(folder: Path, certificate: Path) -> tuple[list[str], dict[str, str]]:
    sample = (DEPLOY / "nginx" / "messenger.conf").read_text()
    of_sample = f"/etc/letsencrypt/live/{HOST}"
    for path, instead in (
        (f"{of_sample}/fullchain.pem", certificate),
        (f"{of_sample}/privkey.pem", certificate),
        ("/var/log/nginx/messenger.log", folder / "error.log"),
    ):
        assert path in sample
        sample = sample.replace(path, str(instead))
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "messenger.conf").write_text(sample)
    (folder / "nginx.conf").write_text(
        f"daemon off; user root; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ {paths} include {folder}/messenger.conf; }}\n"
    )
    return ["-p", str(folder), "-c", str(folder / "nginx.conf")], {}


def caddy(folder: Path, certificate: Path) -> tuple[list[str], dict[str, str]]:
    sample = (DEPLOY / "caddy" / "Caddyfile").read_text()
    site = f"{{$SITE:{HOST}}} {{\n"
    assert site in sample
    (folder / "Caddyfile").write_text(sample.replace(site, f"{site}\ttls {certificate} {certificate}\n"))
    return ["run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")], {"HOME": str(folder)}


def problem(response: httpx.Response) -> str:
    """The type of the problem that the service, and not the proxy, answered."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    kind: str = json.loads(response.text)["type"]
    return kind
