"""The public API: read-only JSON, CSV and NDJSON, described by OpenAPI."""
