"""Live events: the bus between processes and the server-sent event streams."""
