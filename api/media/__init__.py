"""Pictures and files of received messages: fetched once, stored, and served under their real type."""
