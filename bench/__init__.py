"""``make bench``: the limits, the peers and ourselves, side by side on one machine in one run."""
