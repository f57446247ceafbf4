"""Conversations: status, viewers, the inbox list and the indicator."""
