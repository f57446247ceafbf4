"""Importing families and staff members from a file: at once, or as a job of the worker."""
