"""The comparison of the quick recipe, from the records of finished chains to a table."""
