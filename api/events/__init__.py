"""The event log: what has happened in an organization, in the order of the commits, for programs that follow it."""
