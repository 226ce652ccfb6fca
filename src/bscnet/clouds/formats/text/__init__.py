"""Text, one point a line."""
