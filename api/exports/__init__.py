"""Exports (EXPORT): a conversation, a number or a time range as a file that a worker writes in parts."""
