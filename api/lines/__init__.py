"""The numbers that the business texts from."""
