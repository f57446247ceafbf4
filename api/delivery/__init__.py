"""The outbox: claim, post, settle, reconcile."""
