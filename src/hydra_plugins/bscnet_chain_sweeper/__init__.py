"""Hydra plugin: the sweeper that runs every point of a sweep as a whole chain of stages."""
