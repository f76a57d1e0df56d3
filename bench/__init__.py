"""The benchmark, ``make bench``: the site, the peers and the limits, measured in one run on one machine."""
