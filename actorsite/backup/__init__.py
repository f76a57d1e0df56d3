"""Backups: writing an archive, and verifying it by restoring it."""
