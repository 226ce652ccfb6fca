"""What the benchmark and table programs in scripts/ share."""
