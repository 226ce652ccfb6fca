"""Labelling the points of a cloud with an exported network, in memory that does not grow with the number of points."""
