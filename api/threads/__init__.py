"""A conversation's thread: messages, notes, audit entries and scheduled texts in one order.

It reads what the slices below it write and stores nothing.
"""
