"""Who may be texted: opt-in states, stops, the opt-in check."""
