"""Backup and restore of the whole database, and opening the outbox after a restore."""
