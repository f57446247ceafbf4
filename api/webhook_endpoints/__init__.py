"""Outgoing webhooks (HOOK): the endpoints of integrations, the deliveries of events to them, and the delivery log."""
