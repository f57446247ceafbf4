"""Messenger Center: a two-way texting inbox for businesses that run classes."""
