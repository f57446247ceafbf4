"""Sending what is in the outbox: claim, post, settle; reconcile and expire what has no outcome.

A message is handed to its provider at most once (SEND-NEVER-TWICE): only the holder of its lease posts it, and a lease
is given only to a `queued` message. A message that may have been handed over is `unknown`: it is reconciled with the
provider and never posted again. No transaction is open while a provider is called.
"""
