"""PLY: polygons and points of Stanford's format."""
