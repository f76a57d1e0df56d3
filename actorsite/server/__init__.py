"""The server process: start, drain, static files."""
