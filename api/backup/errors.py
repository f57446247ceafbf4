"""Errors of backup and restore."""


class BackupError(Exception):
    """A backup or a restore cannot be made. The message is one clear line for the operator."""
