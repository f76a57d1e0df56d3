"""Middleware: security headers, trusted proxies, well-formed query strings."""
