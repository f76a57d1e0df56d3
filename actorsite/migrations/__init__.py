"""Migrations of the site's own tables, groups and permissions."""
