"""A carrier on loopback: it speaks the providers' own wire protocols and has a page of handsets.

It knows nothing of the application and imports nothing of it. `docs/simulator.md` describes how to drive it.
"""
