"""The carrier simulator's adapter, and the client that sets the simulator up."""
