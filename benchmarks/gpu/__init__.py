"""Checks and measures of a CUDA device: what no machine without one can say."""
