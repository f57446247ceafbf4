"""Processes, as the system sees them."""

from pathlib import Path


def is_alive(pid: int) -> bool:
    """False for a zombie too. Looks into /proc."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")
