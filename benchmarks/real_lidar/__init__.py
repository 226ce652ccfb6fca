"""The comparison of the methods on held-out real lidar, from its chains to a table over folds and seeds."""
