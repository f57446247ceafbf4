"""Append-only, hash-chained record of who did what: writing entries and verifying their chains.

Every slice writes entries, so this slice is near the bottom of the layers and knows no other. Reading the log with its
filters, and checking that each conversation and message has its entry, needs the slices above: that is `audit_log`.
"""
