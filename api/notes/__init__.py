"""Internal notes of a conversation, and the mentions of staff in them (NOTE)."""
