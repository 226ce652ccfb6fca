"""PCD of the Point Cloud Library."""
