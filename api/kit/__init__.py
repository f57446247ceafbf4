"""Shared by all slices: database, errors, paging, phone numbers, ids, logs, secrets."""
