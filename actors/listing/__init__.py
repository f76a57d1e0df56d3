"""Views of a list: their parameters, and the rows, pages and counts that the parameters select."""
