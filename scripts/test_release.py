"""A release says what it is, and its files can be verified with the programs that operators have."""

import subprocess
from pathlib import Path

import pytest

import release

TREE = {
    "pyproject.toml": '[project]\nversion = "2.1.0"\n',
    "CHANGELOG.md": "# Changelog\n\n## 2.1.0 (2026-12-01)\n\n## 2.0.0 (2026-11-01)\n",
}


def git(folder: Path, *arguments: str) -> None:
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "tag.gpgSign=false"]
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("files", "tag", "refusal"),
    [
        ({}, "v2.1.0", None),
        ({}, "v2.0.0", "pyproject.toml says 2.1.0, and this commit is ['v2.0.0']: git tag v2.1.0"),
        ({"CHANGELOG.md": "## 2.1.0 (not released)\n"}, "v2.1.0", "CHANGELOG.md begins with “2.1.0 (not released)”"),
        ({"CHANGELOG.md": "## 2.0.0 (2026-11-01)\n"}, "v2.1.0", "CHANGELOG.md begins with “2.0.0 (2026-11-01)”"),
    ],
)
def test_tag_version_and_changelog_agree(tmp_path: Path, files: dict[str, str], tag: str, refusal: str | None) -> None:
    for name, text in (TREE | files).items():
        (tmp_path / name).write_text(text)
    for command in (["init"], ["add", "."], ["commit", "--no-gpg-sign", "-m", "Release"], ["tag", tag]):
        git(tmp_path, *command)
    if refusal is None:
        assert release.checked_version(tmp_path) == "2.1.0"
        (tmp_path / "left over").touch()
        refusal = "the tree has changes"
    with pytest.raises(release.Refused) as refused:
        release.checked_version(tmp_path)
    assert str(refused.value).startswith(refusal)


def test_checksums_and_signature_verify_as_documented_and_a_changed_file_does_not(tmp_path: Path) -> None:
    key, dist = tmp_path / "key", tmp_path / "dist"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True)
    (tmp_path / "allowed_signers").write_text(f"release@messenger-center {key.with_suffix('.pub').read_text()}")
    dist.mkdir()
    (dist / "a.whl").write_bytes(b"wheel")
    for _ in range(2):  # A second release replaces what the first has written.
        release.sign(release.write_checksums(dist), key)

    assert verifies(dist)
    (dist / "a.whl").write_bytes(b"another wheel")
    assert not verifies(dist)
    release.write_checksums(dist)
    assert not verifies(dist), "whoever changes the checksums too cannot sign them"


def verifies(dist: Path) -> bool:
    """Runs the commands of docs/releasing.md."""
    document = (Path(release.ROOT) / "docs" / "releasing.md").read_text()
    commands = document.partition("## Verify")[2].split("```")[1].replace("-f allowed", "-f ../allowed")
    return subprocess.run(["sh", "-e", "-c", commands], cwd=dist, capture_output=True, check=False).returncode == 0


def test_a_key_that_cannot_sign_is_refused(tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS").touch()
    with pytest.raises(release.Refused, match="MESSENGER_RELEASE_KEY cannot sign"):
        release.sign(tmp_path / "SHA256SUMS", tmp_path / "nowhere")
