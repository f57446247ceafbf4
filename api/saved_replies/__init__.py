"""Saved replies of the organization and of its people."""
