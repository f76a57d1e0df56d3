"""Names as text: normalization, scripts and languages, slugs."""
