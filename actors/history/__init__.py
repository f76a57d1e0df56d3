"""The history of changes: who changed what, undo, merge and restore."""
