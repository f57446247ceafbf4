"""The file of a backup: written under a temporary name, read back and checked whole."""

import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from api.backup.errors import BackupError
from api.backup.rules import MAX_MANIFEST_BYTES, Manifest, ManifestError, manifest_of

CHUNK = 1024 * 1024
STANDARD_OUTPUT = Path("-")


class Sink:
    """Takes the archive, and counts and hashes it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> None:
        """Raises OSError."""
        self._file.write(data)
        self._digest.update(data)
        self.bytes += len(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def finish(self, manifest: Manifest) -> None:
        self._file.write(manifest.as_bytes())


@contextmanager
def sink_to(path: Path) -> Iterator[Sink]:
    """A new private file, there once the block has ended well; nothing is left of it otherwise.

    `-` is standard output. Raises BackupError, before anything is written if the file is there already.
    """
    if path == STANDARD_OUTPUT:
        if sys.stdout.isatty():
            raise BackupError("A backup is not text: redirect standard output to a file or a program.")
        try:
            yield Sink(sys.stdout.buffer)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # Python would complain once more when it flushes at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise BackupError("The program that reads standard output has ended.") from None
        return
    if path.exists() or path.is_symlink():
        raise BackupError(f"{path} is there already. A backup overwrites nothing.")
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield Sink(file)
                file.flush()
                os.fsync(file)
            _publish(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror or error}.") from error


def _publish(partial: Path, path: Path) -> None:
    """Give the finished file its name. A link, unlike a rename, never replaces a file that has come meanwhile."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise BackupError(f"{path} has been made by something else meanwhile.") from None
    except OSError:
        partial.rename(path)  # A file system without links.
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # Some network file systems cannot.
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_manifest(path: Path) -> Manifest:
    """The manifest of a backup. Raises BackupError if the file is none, or not whole."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(0, size - MAX_MANIFEST_BYTES))
            manifest, length = manifest_of(file.read())
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ManifestError as error:
        raise BackupError(
            f"{path} is no whole backup of `messenger backup`: at its end should be the manifest, and {error}."
        ) from error
    if size != manifest.archive_bytes + length:
        raise BackupError(
            f"{path} is damaged: it has {size - length:,} bytes, and {manifest.archive_bytes:,} were written."
        )
    return manifest


def check_whole(path: Path, manifest: Manifest, *, on_read: Callable[[int], None]) -> None:
    """Raises BackupError unless the file holds what was written. `on_read` gets the bytes read so far."""
    digest, left = hashlib.sha256(), manifest.archive_bytes
    try:
        with path.open("rb") as file:
            while left > 0 and (data := file.read(min(CHUNK, left))):
                digest.update(data)
                left -= len(data)
                on_read(manifest.archive_bytes - left)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror or error}.") from error
    if digest.hexdigest() != manifest.archive_sha256:
        raise BackupError(f"{path} is damaged: its content is not what was written.")
