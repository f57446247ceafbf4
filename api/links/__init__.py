"""Links of the organization into its other systems."""
