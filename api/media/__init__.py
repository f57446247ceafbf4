"""Files of messages: received ones are fetched and stored, sent ones uploaded and handed to the provider."""
