"""Search: ranking, suggestions and facets."""
