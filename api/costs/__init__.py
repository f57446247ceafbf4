"""What texts cost, before and after: estimates, the providers' own figures, usage (COST)."""
