"""The audit log for readers: lists, export, verification."""
