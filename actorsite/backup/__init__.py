"""Backups: write an archive, verify it by restoring it."""
