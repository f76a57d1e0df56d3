"""The page cache: public pages, kept for one version of the data, with their ETags."""
