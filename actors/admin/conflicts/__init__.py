"""Optimistic locking: conflicts between editors of one actor or film."""
