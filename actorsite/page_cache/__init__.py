"""The page cache: public pages for one version of the data, with their ETags."""
