"""Observability: logs, metrics and health probes."""
