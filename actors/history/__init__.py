"""History of changes: attribution to users, undo, merge and restore."""
