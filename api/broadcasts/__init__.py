"""Mass texts: audience, preview, freezing, expansion, report (MASS-WHO to MASS-STATUS)."""
