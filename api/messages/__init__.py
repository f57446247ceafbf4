"""Messages: threads, sending a reply, delivery states and timelines."""
