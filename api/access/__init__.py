"""Staff, sign-in, sessions, API keys and permissions."""
