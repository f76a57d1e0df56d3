"""Database techniques: keyset pagination, COPY, the data version."""
