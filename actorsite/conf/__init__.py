"""Configuration: the environment, read once and strictly."""
