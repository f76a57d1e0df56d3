"""Actors, films and credits, and every way to read and edit them."""
