"""Webhooks, the journal that makes them durable, and its application."""
