"""Families, contacts, staff members and the phone records they hold."""
