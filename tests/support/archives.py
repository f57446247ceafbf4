"""Unpacking archives of our own on every Python that the project supports."""

import tarfile
from pathlib import Path


def extract(archive: tarfile.TarFile, folder: Path) -> None:
    """Python 3.11.2, which Debian 12 has, knows no `filter`; later ones warn without one."""
    if hasattr(tarfile, "data_filter"):
        archive.extractall(folder, filter="data")
    else:
        archive.extractall(folder)
