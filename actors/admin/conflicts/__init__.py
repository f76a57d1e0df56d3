"""Optimistic locking: conflicts between editors of the same actor or film."""
