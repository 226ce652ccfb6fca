"""Parts of the benchmark programs in scripts/."""
