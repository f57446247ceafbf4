"""The audit log for administrators: lists, export, verification.

It reads conversations, messages, staff and phone numbers, so it is above those slices; `audit`, which they all write
to, is below them.
"""
