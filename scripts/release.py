"""`make release`: check, build and try the version of this tag, and write its checksums to dist/.

Refuses a tree with changes, a tag that is not the version, and a changelog without it. MESSENGER_RELEASE_KEY names the
private SSH key that signs the checksums. docs/releasing.md says how to verify them.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
NAMESPACE = "messenger-center"
"""Of the signature: one that was made for something else does not verify."""


class Refused(Exception):
    """One line that says what to mend."""


def main() -> int:
    try:
        version = checked_version(ROOT)
        for goal in ("dist", "clients", "sbom"):
            run("make", "--no-print-directory", goal)
        for sbom in sorted((ROOT / "build").glob("sbom-*.json")):
            shutil.copy(sbom, DIST / f"messenger-center-{version}-{sbom.name}")
        try_wheel(DIST / f"messenger_center-{version}-py3-none-any.whl")
        sums = write_checksums(DIST)
        key = os.environ.get("MESSENGER_RELEASE_KEY")
        print(f"{version} is in dist/, {sign(sums, Path(key)) if key else 'not signed: set MESSENGER_RELEASE_KEY'}")
    except (Refused, subprocess.CalledProcessError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def checked_version(checkout: Path) -> str:
    """The version to release. Raises Refused."""
    version: str = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["version"]
    if git(checkout, "status", "--porcelain"):
        raise Refused("the tree has changes. Commit them, or set them aside.")
    tags = git(checkout, "tag", "--points-at", "HEAD").split()
    if f"v{version}" not in tags:
        raise Refused(f"pyproject.toml says {version}, and this commit is {tags or 'not tagged'}: git tag v{version}")
    newest = re.search(r"^## (.*)$", (checkout / "CHANGELOG.md").read_text(), re.MULTILINE)
    if newest is None or not re.fullmatch(rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)", newest[1]):
        found = newest[1] if newest else "nothing"
        raise Refused(f"CHANGELOG.md begins with “{found}”, not with “{version} (YYYY-MM-DD)”.")
    return version


def try_wheel(wheel: Path) -> None:
    """Install the wheel with its extras and the locked dependencies, and run the product from it."""
    with tempfile.TemporaryDirectory() as folder:
        uv = ("sh", "scripts/uv.sh")
        python = f"{folder}/bin/python"
        run(*uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder)
        run(
            *uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            python,
            "--constraint",
            "requirements/dev.lock",
            f"{wheel}[embedded,demo]",
        )
        run(python, "scripts/smoke.py", f"{folder}/bin/messenger")


def write_checksums(folder: Path) -> Path:
    """Write SHA256SUMS for `sha256sum --check`."""
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("SHA256SUMS"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(lines))
    return sums


def sign(sums: Path, key: Path) -> str:
    """Write SHA256SUMS.sig. Returns a line that says so. Raises Refused if the key cannot sign."""
    sums.with_name("SHA256SUMS.sig").unlink(missing_ok=True)
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(key), str(sums)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"MESSENGER_RELEASE_KEY cannot sign: {done.stderr.strip()}")
    return "signed in SHA256SUMS.sig"


def run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def git(checkout: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=checkout, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
