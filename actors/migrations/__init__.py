"""Migrations of actors, films and their history."""
