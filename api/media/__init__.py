"""Pictures and files of received messages: fetched once, kept, and served as nothing but what they are."""
