"""PostgreSQL as part of the product: its binaries, a data folder of its own, and the process that runs it."""
