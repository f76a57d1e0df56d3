"""The admin site: shared parts of lists, the dashboard, and form recovery."""
