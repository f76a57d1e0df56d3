"""Exports of actors and films, as files and streams."""
