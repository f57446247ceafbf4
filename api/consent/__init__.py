"""Opt-in states, stops, refusals, keywords, and the opt-in check."""
