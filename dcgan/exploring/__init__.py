"""A generator to play with in a notebook."""
