"""MCP server of Messenger Center: an assistant reads conversations and writes drafts. It sends nothing."""
