"""The SMS providers behind one port: what is sent, what arrives, and how it is authenticated."""
