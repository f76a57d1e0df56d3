"""Actors and films as files and streams."""
