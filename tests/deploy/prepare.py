"""What `make deploy-test` needs: programs of Debian, a small root of it, and the image of deploy/Containerfile.

Run as `python -m tests.deploy.prepare`. If programs are missing, it says the command that installs them. The root and
the image stay in `.cache/deploy`; `make clean` removes them.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
DEPLOY = PROJECT / "deploy"
CACHE = PROJECT / ".cache" / "deploy"
ROOT = CACHE / "root"
"""Debian with Python and systemd: the base of the image, and the machine on which the units run."""

BASE_IMAGE = "localhost/messenger-base"
IMAGE = "localhost/messenger-center"
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")

PACKAGES = {
    "systemd-analyze": "systemd",
    "systemd-nspawn": "systemd-container",
    "nginx": "nginx",
    "caddy": "caddy",
    "pgbouncer": "pgbouncer",
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "docker-compose": "docker-compose",
    "ip": "iproute2",
    "nsenter": "util-linux",
}
"""By program: its package in Debian."""
DEBIAN_IN_ROOT = "python3,python3-venv,ca-certificates,systemd,systemd-sysv,dbus"
FORWARDED = (
    "PIP_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
"""How this machine reaches its package registries. The build needs the same."""


class PrepareError(Exception):
    """The message says what to run."""


def main() -> int:
    try:
        require_programs()
        make_root()
        build_image()
    except PrepareError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def require_programs() -> None:
    """Raises PrepareError."""
    if os.geteuid() != 0:
        raise PrepareError("These tests mount, and start a systemd: run\n    sudo make deploy-test")
    missing = sorted({package for program, package in PACKAGES.items() if find(program) is None})
    if missing:
        # Without the variable, the services of these packages would start, and take the ports of the tests.
        install = f"SYSTEMD_OFFLINE=1 apt-get install --yes --no-install-recommends {' '.join(missing)}"
        raise PrepareError(
            f"Missing: {', '.join(missing)}. On Debian 12 or newer, run\n    apt-get update && {install}"
        )


def find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def make_root() -> None:
    if ROOT.exists():
        return
    listed = output(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages"])
    mirror, codename = listed.splitlines()[0].split()
    unfinished = ROOT.with_name("unfinished-root")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    options = ["--variant=minbase", f"--include={DEBIAN_IN_ROOT}"]
    run("Debian for the tests", ["debootstrap", *options, codename, str(unfinished), mirror])
    shutil.copy(BUNDLE, unfinished / BUNDLE.relative_to("/"))
    unfinished.rename(ROOT)


def build_image() -> None:
    """Builds with no other isolation than a chroot, which a machine without a container engine can do."""
    if subprocess.run(buildah("inspect", "--type", "image", BASE_IMAGE), capture_output=True, check=False).returncode:
        container = output(buildah("from", "scratch"))
        run("Base image: files", buildah("add", container, str(ROOT), "/"))
        settings = [part for name, value in registries().items() for part in ("--env", f"{name}={value}")]
        output(buildah("config", *settings, container))
        run("Base image", buildah("commit", "--rm", container, BASE_IMAGE))
    command = buildah(
        *("build", "--isolation", "chroot", "--format", "docker", "--layers", "--pull-never"),
        *("--build-arg", f"PYTHON_IMAGE={BASE_IMAGE}", "--tag", IMAGE),
        *("--ignorefile", str(DEPLOY / "Containerfile.dockerignore"), "--file", str(DEPLOY / "Containerfile")),
        str(PROJECT),
    )
    run("Image", command)


def registries() -> dict[str, str]:
    """The environment in which pip, uv and npm reach the registries that this machine is set up for."""
    environment = {name: os.environ[name] for name in FORWARDED if name in os.environ}
    environment |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), str(BUNDLE))
    environment["UV_SYSTEM_CERTS"] = "true"
    pip = [str(PROJECT / ".cache" / "uv" / "bin" / "python"), "-m", "pip", "config", "get", "global.index-url"]
    index = subprocess.run(pip, capture_output=True, text=True, check=False)
    if index.returncode == 0:
        environment.setdefault("PIP_INDEX_URL", index.stdout.strip())
    if "PIP_INDEX_URL" in environment:
        environment.setdefault("UV_DEFAULT_INDEX", environment["PIP_INDEX_URL"])
    tools = str(PROJECT / ".venv" / "bin")
    npm = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    environment["npm_config_registry"] = output([f"{tools}/npm", "config", "get", "registry"], environment=npm)
    return environment


def buildah(*arguments: str) -> list[str]:
    """With a storage of the tests' own."""
    return ["buildah", "--root", str(CACHE / "storage"), "--runroot", str(CACHE / "run"), *arguments]


def image_configuration() -> dict[str, object]:
    found: dict[str, object] = json.loads(output(buildah("inspect", "--type", "image", IMAGE)))["Docker"]["config"]
    return found


def output(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> str:
    """Raises `PrepareError`, with all that the command printed, if it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=environment
    )
    if done.returncode != 0:
        raise PrepareError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def run(title: str, command: Sequence[str]) -> None:
    print(f"  {title} …", flush=True)
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PrepareError(f"{title}: exit status {done.returncode}\n{done.stdout[-8000:]}\n    {' '.join(command)}")


if __name__ == "__main__":
    sys.exit(main())
