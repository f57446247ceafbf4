"""Twilio's adapter: `provider.py` puts it together."""
