"""Notifications: what each person wants to be told of, and web push to their browsers."""
